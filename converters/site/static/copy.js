// Copies a checksum; where the browser gives no clipboard, marks it so that it can be copied.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "marked";
    }
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
}
