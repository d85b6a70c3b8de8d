// One item: what it is, what was said of it, what is near it.

import { get, query } from "./api.js";
import { $, ago, clip, icon, longText, make, short, textOf } from "./dom.js";
import { linked, media } from "./media.js";
import { on, open, point, select, state, tell, toggle } from "./state.js";
import { entry } from "./selection.js";
import { current, turnTo } from "./tabs.js";

let turn = 0;

const path = (id) => `items/${encodeURIComponent(id)}`;
export const fetchItem = (id) => get(path(id));

// Its content, as it is meant to be seen.
export function content(item) {
  const kind = item.preview_type;
  const medium = kind && kind !== "text";
  return make("div", { class: "content", dir: "auto" }, medium ? media(kind, item.preview) : longText(item.text ?? item.preview, 5000));
}

function facts(data) {
  const rows = Object.entries(data ?? {});
  if (!rows.length) return null;
  return [make("h2", {}, "Columns"), make("dl", { class: "facts" }, rows.flatMap(([name, value]) => [
    make("dt", { dir: "auto", title: clip(name, 300) }, clip(name, 100)),
    make("dd", { dir: "auto" }, linked(value) ?? longText(value, 600)),
  ]))];
}

const answer = (value) => (Array.isArray(value) ? value.map(textOf).join(", ") : textOf(value));

function said(item) {
  if (!item.annotations.length) return [make("h2", {}, "Annotations"), make("p", { class: "hint" }, "None so far.")];
  return [make("h2", {}, "Annotations"), make("ul", { class: "said" }, item.annotations.map((a) =>
    make("li", {}, make("bdi", { class: "who" }, clip(a.annotator, 60)),
      make("span", { class: "what", dir: "auto" }, state.schemes.length > 1 ? make("small", {}, `${clip(a.scheme, 40)}: `) : null, longText(answer(a.value), 400)),
      a.at ? ago(a.at) : null)))];
}

function predicted(item) {
  const rows = Object.entries(item.predictions ?? {});
  if (!rows.length) return null;
  return [make("h2", {}, "Predictions"), make("ul", { class: "said" }, rows.map(([scheme, p]) =>
    make("li", {}, make("bdi", { class: "who" }, clip(scheme, 60)), make("span", { class: "what", dir: "auto" }, longText(p?.label, 300)),
      Number.isFinite(p?.entropy) ? make("small", { class: "n" }, `entropy ${short(p.entropy)}`) : null)))];
}

async function neighbors(id, mine, place) {
  try {
    const { metric, neighbors: near } = await get(`neighbors${query({ id, k: 10 })}`);
    if (mine !== turn) return;
    state.near = near.map((n) => n.instance_id);
    place.replaceChildren(make("h2", {}, "Nearest", make("small", {}, `by ${metric} distance`)),
      make("ol", { class: "entries", "aria-label": "Nearest items" }, near.map((n) =>
        entry(n.instance_id, { preview: n.preview, tail: short(n.distance) }))),
      make("button", { type: "button", class: "wide", click: () => select([id, ...state.near], "add") }, "Select it and these"));
    tell("rings");
  } catch (e) {
    if (mine === turn) place.replaceChildren(make("h2", {}, "Nearest"), make("p", { class: "hint" }, e.message));
  }
}

const chosenText = (id) => (state.selection.has(id) ? "Take out of selection" : "Add to selection");

async function draw(id, { quiet = false } = {}) {
  const mine = ++turn;
  const box = $("item");
  if (id === null) {
    box.hidden = true;
    box.replaceChildren();
    return;
  }
  let item;
  try {
    item = await fetchItem(id);
  } catch (e) {
    if (mine !== turn || quiet) return;
    box.hidden = false;
    box.replaceChildren(make("p", { class: "bad" }, e.message));
    return;
  }
  if (mine !== turn) return;
  const near = quiet && box.querySelector(".near") || make("div", { class: "near" }, make("h2", {}, "Nearest"), make("p", { class: "hint" }, "Looking…"));
  const choose = make("button", { type: "button", click: () => toggle(id) }, chosenText(id));
  choose.dataset.choose = "";
  const p = point(id);
  box.hidden = false;
  box.dataset.id = clip(id, 200);
  box.replaceChildren(...[
    make("div", { class: "title" }, make("bdi", { class: "id", title: clip(id, 300) }, clip(id, 300)),
      p ? null : make("small", {}, "not on the map"),
      make("button", { type: "button", class: "icon quiet", "aria-label": "Close", click: () => open(null) }, icon("remove"))),
    content(item),
    make("div", { class: "actions" }, make("button", { type: "button", click: () => tell("annotate", id) }, "Annotate"), choose),
    said(item), predicted(item), facts(item.data), near].flat().filter(Boolean));
  if (!quiet) {
    $("pane-item").scrollTop = 0;
    await neighbors(id, mine, near);
  }
}

export function start() {
  on("reveal", () => turnTo("item"));
  on("open", (id) => draw(id));
  on("annotated", (id) => { if (id === state.open) draw(id, { quiet: true }); });
  on("data", () => { if (state.open !== null) draw(state.open, { quiet: true }); });
  on("selection", () => {
    const choose = $("item").querySelector("[data-choose]");
    if (choose && state.open !== null) choose.textContent = chosenText(state.open);
  });
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && !e.defaultPrevented && current() === "item" && state.open !== null && !e.target.closest("input, select, textarea")) open(null);
  });
}
