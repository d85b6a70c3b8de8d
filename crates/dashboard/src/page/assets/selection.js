// What is selected: count, list, actions.

import { $, clip, count, make } from "./dom.js";
import { on, open, point, select, state } from "./state.js";
import { copy, csv, save } from "./files.js";
import { legend } from "./map.js";
import { toast } from "./toast.js";

const SHOWN = 200;

// An entry of a list of items: id, something to the right, a line of its preview.
export function entry(id, { preview, tail, before, click } = {}) {
  const p = point(id);
  const line = preview ?? p?.preview ?? "";
  return make("li", {}, make("button", { type: "button", click: click ?? (() => open(id)), "data-id": clip(id, 200) },
    make("span", { class: "head" }, before, make("bdi", { class: "id" }, clip(id, 80)), tail ? make("bdi", { class: "tail" }, tail) : null),
    line ? make("span", { class: "line", dir: "auto" }, clip(line, 240)) : null));
}

function dotOf(colors, id) {
  const dot = make("i", { class: "dot" });
  dot.style.background = colors.get(state.index.get(id)) ?? "none";
  return dot;
}

function list() {
  const ids = [...state.selection];
  if (!ids.length) {
    $("list").replaceChildren(make("p", { class: "hint" }, state.open === null
      ? "Draw around points to select them, or click one to see it, its annotations and its nearest neighbors." : ""));
    return;
  }
  const colors = new Map();
  for (const g of legend()) if (g.color) for (const i of g.rows) colors.set(i, g.color);
  $("list").replaceChildren(
    make("h2", {}, "Selected"),
    make("ol", { class: "entries", "aria-label": "Selected items" },
      ids.slice(0, SHOWN).map((id) => entry(id, { before: dotOf(colors, id), tail: clip(point(id)?.label ?? "", 60) })),
      ids.length > SHOWN ? make("li", { class: "more" }, `and ${count(ids.length - SHOWN)} more`) : null));
}

function draw() {
  const n = state.selection.size;
  $("count").textContent = count(n);
  $("count").dataset.count = n;
  $("of").textContent = n === 1 ? "item selected" : "items selected";
  for (const id of ["add", "copy", "csv", "clear"]) $(id).disabled = n === 0;
  list();
}

export function start() {
  on("selection", draw);
  on("open", () => { if (!state.selection.size) list(); });
  on("data", () => { if (state.selection.size) list(); });
  $("clear").addEventListener("click", () => select([]));
  $("copy").addEventListener("click", async () => {
    const n = state.selection.size;
    toast(await copy([...state.selection].join("\n")) ? `${count(n)} ids copied` : "This browser does not allow to copy.");
  });
  $("csv").addEventListener("click", () => {
    const rows = [...state.selection].map((id) => {
      const p = point(id);
      return p ? [id, p.x, p.y, p.label, p.label_source, p.annotation_count, p.preview] : [id];
    });
    save("selection.csv", "text/csv;charset=utf-8", csv([["id", "x", "y", "label", "label_source", "annotation_count", "preview"], ...rows]));
  });
  draw();
}
