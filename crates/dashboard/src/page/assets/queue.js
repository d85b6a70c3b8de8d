// The queue: groups by priority, applying them, taking that back, and what comes next.

import { get, post, query } from "./api.js";
import { $, ago, busy, clip, count, icon, make, memory, plural } from "./dom.js";
import * as groups from "./groups.js";
import { on, select, state } from "./state.js";
import { entry } from "./selection.js";
import { current, turnTo } from "./tabs.js";
import { failed, toast } from "./toast.js";

const PAGE = 50;
const list = $("groups");
let held = null;
let drawn = "";
let listed = PAGE;
// Groups that were applied last, in case that it is undone.
let applied = null;

const say = (text) => ($("say").textContent = text);

function moved(from, to) {
  if (to < 0 || to >= groups.all().length) return;
  const name = groups.all()[from].name;
  groups.move(from, to);
  list.children[to]?.querySelector(".grip").focus();
  say(`${clip(name, 60)} has priority ${to + 1} of ${groups.all().length}`);
}

// By the grip with mouse or finger: the entry follows, and the order of entries is the new one. The entry is moved about
// meanwhile, so that it is the document that listens.
function drag(e, li) {
  if (e.button !== 0 || held) return;
  e.preventDefault();
  const from = [...list.children].indexOf(li);
  const listeners = new AbortController();
  const on = (type, f) => document.addEventListener(type, f, { signal: listeners.signal });
  held = li;
  li.classList.add("held");
  on("pointermove", (move) => {
    const others = [...list.children].filter((o) => o !== li);
    const after = others.find((o) => { const b = o.getBoundingClientRect(); return move.clientY < b.top + b.height / 2; }) ?? null;
    if (li.nextElementSibling !== after) list.insertBefore(li, after);
  });
  const end = (done) => {
    listeners.abort();
    held = null;
    const to = [...list.children].indexOf(li);
    drawn = "";
    if (done && to !== from) moved(from, to);
    else drawGroups();
  };
  on("pointerup", () => end(true));
  on("pointercancel", () => end(false));
}

function groupEntry(group, i, all) {
  const name = clip(group.name, 60) || `Group ${i + 1}`;
  const button = (symbol, label, click, disabled = false) =>
    make("button", { type: "button", class: "icon quiet", "aria-label": `${label}: ${name}`, title: label, disabled, click }, icon(symbol));
  const grip = make("button", { type: "button", class: "grip icon quiet", "aria-label": `Priority ${i + 1}: ${name}. Drag, or press arrow up or down, to move.`, title: "Drag, or use the arrow keys",
    pointerdown: (e) => drag(e, li),
    keydown: (e) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[e.key];
      if (step) { e.preventDefault(); moved(i, i + step); }
    } }, icon("grip"));
  const input = make("input", { value: group.name, "aria-label": `Name of group ${i + 1}`, maxlength: 200, dir: "auto",
    change: () => groups.rename(i, input.value.trim() || group.name),
    keydown: (e) => {
      if (e.key === "Enter") input.blur();
      if (e.key === "Escape") { e.preventDefault(); input.value = group.name; input.blur(); }
    } });
  const li = make("li", {}, grip, make("span", { class: "rank n" }, String(i + 1)), input,
    make("span", { class: "size n", title: plural(group.instance_ids.length, "item") }, count(group.instance_ids.length)),
    button("map", "Select on the map", () => select(group.instance_ids)),
    button("up", "Earlier", () => moved(i, i - 1), i === 0), button("down", "Later", () => moved(i, i + 1), i === all.length - 1),
    button("remove", "Remove", () => { groups.remove(i); (list.children[Math.min(i, list.children.length - 1)]?.querySelector(".grip") ?? $("pane-queue")).focus(); }));
  return li;
}

function drawGroups() {
  const all = groups.all();
  $("groups-count").hidden = all.length === 0;
  $("groups-count").textContent = all.length;
  $("groups-hint").hidden = all.length > 0;
  $("apply").disabled = all.length === 0;
  const now = JSON.stringify(all.map((g) => [g.name, g.instance_ids.length]));
  if (held || now === drawn) return;
  drawn = now;
  list.replaceChildren(...all.map(groupEntry));
}

async function apply() {
  await groups.sent();
  const before = groups.all();
  const answer = await post("embedding_viz/reorder", { selections: groups.selections(), interleave: $("interleave").checked });
  if (answer.success === false) throw new Error(answer.error);
  applied = before;
  await groups.clear();
  const unknown = answer.unknown_ids ?? [];
  toast(`Reordered ${plural(answer.reordered_count, "item")}`);
  $("applied").replaceChildren(
    `${plural(answer.reordered_count, "item")} in the new order`,
    Number.isFinite(answer.moved_count) ? `, ${count(answer.moved_count)} moved` : "",
    Number.isFinite(answer.remaining_count) ? `, ${count(answer.remaining_count)} left to hand out` : "", ".",
    unknown.length ? make("p", { class: "bad" }, `${plural(unknown.length, "id is", "ids are")} unknown: `,
      unknown.slice(0, 10).map((id, i) => [i ? ", " : "", make("bdi", {}, clip(id, 80))]), unknown.length > 10 ? " …" : "") : "");
  await refresh();
}

async function back(action) {
  const { reordering } = await post(`queue/${action}`);
  if (!reordering) return toast(`Nothing to ${action}.`);
  // The groups of an order that is taken back are there to be changed.
  if (action === "undo" && applied && !groups.all().length) groups.restoreAll(applied);
  applied = null;
  $("applied").replaceChildren();
  toast(`${action === "undo" ? "Undone" : "Applied again"}: order ${reordering.number}`);
  return refresh();
}

async function drawQueue() {
  const { items, total, remaining } = await get(`queue${query({ offset: 0, limit: listed })}`);
  $("queue-total").textContent = plural(remaining ?? total, "item");
  $("queue").replaceChildren(...items.map((q) => entry(q.id, {
    before: make("span", { class: "place n" }, count(q.position + 1)),
    tail: [q.annotators ? plural(q.annotators, "annotation") : null, q.leased_to?.length ? `with ${clip(q.leased_to.join(", "), 40)}` : null].filter(Boolean).join(" · "),
  })));
  if (!items.length) $("queue").replaceChildren(make("li", { class: "more" }, "Nothing is left to hand out."));
  $("queue-more").hidden = items.length < listed;
}

async function drawHistory() {
  const { reorders: all } = await get("queue/reorders");
  $("history").replaceChildren(...all.slice(0, 20).map((r) => make("li", {},
    make("span", { class: "n" }, `${r.number}.`),
    make("span", { class: r.undone ? "undone" : null }, plural(r.response?.reordered_count ?? 0, "item")),
    r.undone ? make("small", {}, "undone") : null, ago(r.at))));
  if (!all.length) $("history").replaceChildren(make("li", { class: "hint" }, "No order was applied so far."));
  $("undo").disabled = !all.some((r) => !r.undone);
  $("redo").disabled = !all.some((r) => r.undone);
}

export async function refresh() {
  if (current() !== "queue") return;
  await Promise.all([drawQueue(), drawHistory()]);
}

export function start() {
  on("groups", drawGroups);
  on("tab", () => refresh().catch(failed));
  on("queue", () => refresh().catch(failed));
  on("data", ({ fresh }) => { if (fresh && current() === "queue") drawQueue().catch(failed); });
  $("add").addEventListener("click", () => {
    const n = state.selection.size;
    groups.add(state.selection);
    toast(`Added ${plural(n, "item")} as “${clip(groups.all().at(-1).name, 40)}”`);
    select([]);
    turnTo("queue");
  });
  $("interleave").checked = memory.get("interleave") !== "no";
  $("interleave").addEventListener("change", () => memory.set("interleave", $("interleave").checked ? null : "no"));
  // What a button may do afterwards is for the drawing to say.
  const then = (button, action) => $(button).addEventListener("click", () => busy($(button), action, failed).then(() => { drawGroups(); return refresh(); }).catch(failed));
  then("apply", apply);
  then("undo", () => back("undo"));
  then("redo", () => back("redo"));
  $("queue-more").addEventListener("click", () => { listed += PAGE; drawQueue().catch(failed); });
  drawGroups();
}
