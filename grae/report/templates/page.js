"use strict";

// Light or dark: the system's choice, until the reader makes another.
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
});

// Buttons that copy the string of a picture.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  button.textContent = (await copy(button.dataset.copy)) ? "copied" : "not copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {  // a browser that keeps its clipboard from pages of a disk
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

// The map of the latent space: a dot for each string, and a card with its picture.
const held = document.getElementById("map-data");
if (held) drawMap(JSON.parse(held.textContent));

function drawMap(data) {
  const map = document.getElementById("map");
  const card = document.getElementById("map-card");
  const quantity = document.getElementById("map-quantity");
  const dots = data.texts.map((text, number) => dot(number));
  let chosen = -1;
  let places = [];  // of the dots, in pixels

  data.quantities.forEach((one, number) => quantity.add(new Option(one.name, number)));
  quantity.addEventListener("change", colour);
  for (const name of ["known", "samples"]) document.getElementById(`map-${name}`).addEventListener("change", filter);
  map.addEventListener("pointerleave", () => choose(-1));
  map.addEventListener("blur", () => choose(-1));
  map.addEventListener("keydown", step);
  colour();
  new ResizeObserver(spread).observe(map);

  function isSample(number) { return number >= data.known; }

  function dot(number) {
    const group = document.createElementNS(map.namespaceURI, "g");
    for (const [kind, radius] of [["hit", 9], ["dot", isSample(number) ? 4 : 4.5]]) {
      const circle = document.createElementNS(map.namespaceURI, "circle");
      circle.setAttribute("class", kind);
      circle.setAttribute("r", radius);
      group.append(circle);
    }
    for (const event of ["pointerenter", "click"]) group.addEventListener(event, () => choose(number));
    map.append(group);
    return group;
  }

  function spread() {
    const edge = 14;
    const [width, height] = [map.clientWidth - 2 * edge, map.clientHeight - 2 * edge];
    places = data.x.map((x, number) => [edge + x * width, edge + data.y[number] * height]);
    dots.forEach((group, number) => {
      for (const circle of group.children) {
        circle.setAttribute("cx", places[number][0]);
        circle.setAttribute("cy", places[number][1]);
      }
    });
    choose(-1);
  }

  function colour() {
    const { low, high, values } = data.quantities[quantity.value];
    dots.forEach((group, number) => {
      const value = values[number];
      const part = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
      const shade = value === null ? "gray" : data.colours[Math.round(part * (data.colours.length - 1))];
      const mark = group.lastChild;
      mark.setAttribute("fill", isSample(number) ? "none" : shade);
      mark.setAttribute("stroke", isSample(number) ? shade : "none");
      mark.setAttribute("stroke-width", isSample(number) ? 1.8 : 0);
      mark.classList.toggle("unknown", value === null);
    });
    document.getElementById("map-low").textContent = number(low);
    document.getElementById("map-high").textContent = number(high);
    choose(chosen);
  }

  function filter() {
    const shown = { known: document.getElementById("map-known").checked, samples: document.getElementById("map-samples").checked };
    dots.forEach((group, number) => { group.style.display = shown[isSample(number) ? "samples" : "known"] ? "" : "none"; });
    choose(-1);
  }

  function choose(number) {
    if (chosen >= 0) dots[chosen].lastChild.classList.remove("chosen");
    chosen = number;
    card.hidden = number < 0;
    if (number < 0) return;
    dots[number].lastChild.classList.add("chosen");
    fill(number);
    place(number);
  }

  function fill(number_) {
    const { name, values } = data.quantities[quantity.value];
    card.innerHTML = data.pictures[number_];  // this page's own drawings
    for (const [kind, text] of [
      ["where", isSample(number_) ? "a sample" : "of the data"],
      ["value", `${name}: ${values[number_] === null ? "none" : number(values[number_])}`],
      ["text", data.texts[number_]],
    ]) {
      const line = document.createElement("div");
      line.className = kind;
      line.textContent = text;
      card.append(line);
    }
  }

  function place(number) {
    const [x, y] = places[number];
    const left = x + 16 + card.offsetWidth > map.clientWidth ? x - 16 - card.offsetWidth : x + 16;
    const top = y + card.offsetHeight > map.clientHeight ? y - card.offsetHeight : y;
    card.style.left = `${Math.max(0, left)}px`;
    card.style.top = `${Math.max(0, top)}px`;
  }

  function step(event) {
    const across = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!across) return;
    event.preventDefault();
    let best = chosen, nearest = Infinity;
    dots.forEach((group, number) => {
      if (number === chosen || group.style.display === "none") return;
      const [x, y] = chosen < 0 ? [0, 0] : places[chosen];
      const [dx, dy] = [places[number][0] - x, places[number][1] - y];
      const along = dx * across[0] + dy * across[1];
      const distance = Math.hypot(dx, dy) + (chosen < 0 ? 0 : 2 * (Math.hypot(dx, dy) - along));
      if ((chosen < 0 || along > 0) && distance < nearest) [best, nearest] = [number, distance];
    });
    choose(best);
  }

  function number(value) {
    return value.toLocaleString("en", { maximumSignificantDigits: 4 });
  }
}
