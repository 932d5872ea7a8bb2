// The table of the start page: search, filters, sorting. Without it the table is there, whole.
"use strict";
(() => {
  const table = document.getElementById("zoo");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const form = document.getElementById("filters");
  const search = document.getElementById("search");
  const largest = document.getElementById("largest");
  const choices = [...form.querySelectorAll("[data-filter]")];

  function fits(row) {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return words.every((word) => row.dataset.text.includes(word))
      && choices.every((each) => !each.value || row.dataset[each.dataset.filter] === each.value)
      && (!largest.value || Number(row.dataset.bytes) <= Number(largest.value));
  }

  function show() {
    let count = 0;
    for (const row of rows) {
      row.hidden = !fits(row);
      count += row.hidden ? 0 : 1;
    }
    document.getElementById("shown").textContent = count;
    document.getElementById("none").hidden = count > 0;
    remember();
  }

  // What is looked for stays in the address, so that it can be sent to somebody.
  function remember() {
    const state = new URLSearchParams();
    if (search.value) state.set("q", search.value);
    for (const each of choices) if (each.value) state.set(each.dataset.filter, each.value);
    if (largest.value) state.set("largest", largest.value);
    const text = state.toString();
    if (location.hash.slice(1) !== text) history.replaceState(null, "", text ? `#${text}` : location.pathname);
  }

  function recall() {
    const state = new URLSearchParams(location.hash.slice(1));
    search.value = state.get("q") || "";
    for (const each of choices) each.value = state.get(each.dataset.filter) || "";
    largest.value = state.get("largest") || "";
  }

  function sort(button) {
    const head = button.closest("th");
    const key = button.dataset.sort;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const each of table.tHead.rows[0].cells) if (each.hasAttribute("aria-sort")) each.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const sign = down ? -1 : 1;
    const numeric = "number" in button.dataset;
    rows.sort((a, b) => {
      const [x, y] = [a.dataset[key], b.dataset[key]];
      if (x === "" || y === "") return (x === "") - (y === ""); // what is unknown comes last
      return sign * (numeric ? Number(x) - Number(y) : x.localeCompare(y));
    });
    body.append(...rows);
  }

  for (const button of table.querySelectorAll("[data-sort]")) button.addEventListener("click", () => sort(button));
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  recall();
  show();
})();
