// Pan and zoom of the graphs, by their viewBox: with mouse, fingers, buttons and keys.
"use strict";
for (const view of document.querySelectorAll(".view")) {
  const svg = view.querySelector("svg");
  const whole = svg.viewBox.baseVal;
  const all = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
  const readable = 240; // units of the picture across the view: two nodes side by side
  let box = { ...all };
  const fingers = new Map();

  function draw() {
    svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);
  }

  // Units of the picture per pixel of the screen; the picture is fitted into the view.
  function unit() {
    const place = svg.getBoundingClientRect();
    return Math.max(box.w / place.width, box.h / place.height);
  }

  function zoom(factor, clientX, clientY) {
    const place = svg.getBoundingClientRect();
    const shape = place.height / place.width;
    const from = Math.max(box.w, box.h / shape);
    const w = Math.min(Math.max(from * factor, 60), 2 * Math.max(all.w, all.h / shape));
    const [fx, fy] = [(clientX - place.left) / place.width - 0.5, (clientY - place.top) / place.height - 0.5];
    const [mx, my] = [box.x + box.w / 2 + fx * (from - w), box.y + box.h / 2 + fy * (from - w) * shape];
    box = { x: mx - w / 2, y: my - w * shape / 2, w, h: w * shape };
    draw();
  }

  function middle() {
    const place = svg.getBoundingClientRect();
    return [place.left + place.width / 2, place.top + place.height / 2];
  }

  function top() {
    const place = svg.getBoundingClientRect();
    const first = svg.querySelector("g").getCTM ? svg.querySelector("g").transform.baseVal[0].matrix : { e: 0 };
    const w = Math.min(readable * Math.max(1, place.width / 360), Math.max(all.w, readable));
    box = { x: first.e + 56 - w / 2, y: all.y, w, h: w * place.height / place.width };
    draw();
  }

  const actions = {
    in: () => zoom(1 / 1.4, ...middle()),
    out: () => zoom(1.4, ...middle()),
    all: () => { box = { ...all }; draw(); },
    top,
  };
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const keys = { "+": "in", "=": "in", "-": "out", "0": "all", Home: "top" };

  for (const button of view.querySelectorAll("[data-zoom]")) button.addEventListener("click", actions[button.dataset.zoom]);
  view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key];
    if (step) {
      box.x += step[0] * box.w / 8;
      box.y += step[1] * box.h / 8;
      draw();
    } else if (keys[event.key]) actions[keys[event.key]]();
    else return;
    event.preventDefault();
  });
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 60) / 240), event.clientX, event.clientY);
  }, { passive: false });
  svg.addEventListener("pointerdown", (event) => {
    svg.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    svg.classList.add("held");
  });
  svg.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const others = [...fingers.values()].filter((each) => each.pointerId !== event.pointerId);
    if (others.length) {
      const other = others[0];
      const far = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY) || 1;
      zoom(far(before) / far(event), (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
    } else {
      box.x -= (event.clientX - before.clientX) * unit();
      box.y -= (event.clientY - before.clientY) * unit();
      draw();
    }
    fingers.set(event.pointerId, event);
  });
  for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) svg.classList.remove("held");
  });
  // A long network shown whole is a thread: it begins where its names can be read.
  if (all.h > 1.6 * all.w * svg.getBoundingClientRect().height / svg.getBoundingClientRect().width) top();
}
