// Labels and their colors below the map; a bar of colors where they mean numbers.

import { $, clip, columnName, count, make, short } from "./dom.js";
import { on, select, state, tell } from "./state.js";
import { legend } from "./map.js";
import { shownText } from "./data.js";
import { gradient } from "./scale.js";

const title = "Click: hide or show. Double click: show alone. Shift and click: select its points.";

function click(group, event) {
  if (event.shiftKey) return select(group.rows.map((i) => state.points[i].instance_id), "add");
  const { key } = group;
  // The entry is made anew by each click, so a double click is told by its count; what the first one did is undone.
  if (event.detail === 2) {
    const others = legend().filter((g) => g.key !== key);
    const alone = others.every((g) => state.hidden.has(g.key));
    state.hidden = new Set(alone ? [] : others.map((g) => g.key));
  } else if (!state.hidden.delete(key)) state.hidden.add(key);
  return tell("hidden");
}

function entry(group) {
  const dot = make("i", { class: "dot" });
  dot.style.background = group.color;
  if (group.symbol === "diamond") Object.assign(dot.style, { borderRadius: "1px", transform: "rotate(45deg) scale(0.85)" });
  if (group.symbol === "square") dot.style.borderRadius = "1px";
  return make("button", { type: "button", "aria-pressed": String(!state.hidden.has(group.key)), title, "data-key": clip(group.key, 80), click: (e) => click(group, e) },
    dot, make("bdi", { class: "name" }, clip(group.name, 80)), make("span", { class: "n" }, count(group.rows.length)));
}

function scale(group) {
  const bar = make("i", { "aria-hidden": "true" });
  bar.style.background = gradient();
  return make("div", { class: "scale n" }, make("b", {}, clip(columnName(group.name), 80)),
    make("span", {}, short(group.min)), bar, make("span", {}, short(group.max)));
}

function draw() {
  const focused = document.activeElement?.closest("#legend") ? document.activeElement.dataset.key : undefined;
  $("legend").replaceChildren(...legend().map((g) => (g.values ? scale(g) : entry(g))));
  if (focused !== undefined) [...$("legend").children].find((b) => b.dataset.key === focused)?.focus();
  $("shown").textContent = shownText();
}

export function start() {
  on("legend", draw);
}
