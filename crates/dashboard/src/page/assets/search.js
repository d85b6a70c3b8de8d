// Finding items by id and text.

import { get, query } from "./api.js";
import { $, clip, count, debounced, make } from "./dom.js";
import { open, select } from "./state.js";
import { turnTo } from "./tabs.js";
import { failed } from "./toast.js";

const [input, box] = [$("search"), $("results")];
const LISTED = 50;
const ALL = 1000;
let turn = 0;
let found = { words: "", ids: [] };
let active = -1;

const options = () => [...box.querySelectorAll('[role="option"]')];

function close() {
  box.hidden = true;
  active = -1;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function activate(i) {
  const all = options();
  if (!all.length) return;
  active = (i + all.length) % all.length;
  all.forEach((o, j) => o.setAttribute("aria-selected", String(j === active)));
  input.setAttribute("aria-activedescendant", all[active].id);
  all[active].scrollIntoView({ block: "nearest" });
}

function choose(id) {
  close();
  open(id);
}

function selectAll() {
  close();
  turnTo("item");
  select(found.ids);
}

function draw({ total, items }) {
  found.ids = items.map((i) => i.instance_id);
  const option = (n, cls, f, ...children) =>
    make("div", { role: "option", id: `result-${n}`, class: cls, "aria-selected": "false", mousedown: (e) => e.preventDefault(), click: f }, children);
  box.replaceChildren(
    ...items.slice(0, LISTED).map((item, n) => option(n, null, () => choose(item.instance_id),
      make("bdi", { class: "id" }, clip(item.instance_id, 80)), make("span", { class: "line", dir: "auto" }, clip(item.preview, 200)))),
    ...(items.length > 1 ? [option("all", "all", selectAll,
      total > items.length ? `Select the first ${count(items.length)} of ${count(total)}` : `Select all ${count(total)}`)] : []),
    ...(items.length ? [] : [make("div", { class: "none" }, "Nothing found")]));
  box.hidden = false;
  active = -1;
  input.setAttribute("aria-expanded", "true");
}

async function look() {
  const words = input.value.trim();
  const mine = ++turn;
  if (!words) return close();
  try {
    const answer = await get(`search${query({ q: words, limit: ALL })}`);
    if (mine !== turn) return;
    found = { words, ids: [] };
    draw(answer);
  } catch (e) {
    failed(e);
  }
}

export function start() {
  const soon = debounced(look, 200);
  input.addEventListener("input", soon);
  input.addEventListener("focus", () => { if (input.value.trim() && box.hidden) look(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", async (e) => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      if (box.hidden) await look();
      activate(active + (e.key === "ArrowDown" ? 1 : active < 0 ? 0 : -1));
    } else if (e.key === "Enter") {
      e.preventDefault();
      if (box.hidden || found.words !== input.value.trim()) await look();
      const all = options();
      if (all.length) all[Math.max(0, active)].click();
    } else if (e.key === "Escape" && !box.hidden) {
      e.preventDefault();
      close();
    }
  });
}
