// What the map shows: by which method, colored by what.

import { $, clip, columnName, make } from "./dom.js";
import { colorBy, load } from "./data.js";
import { on, state, tell } from "./state.js";
import { failed } from "./toast.js";

const select = $("color");
const sources = { mace: "MACE", majority: "Majority" };
// What each option stands for, by its position.
let options = [];

const same = (a, b) => a.column === b.column && a.source === b.source && a.schema === b.schema;

function chosen() {
  const { view, stats } = state;
  if (view.column) return { column: view.column };
  return { source: view.source ?? stats.label_source, schema: view.schema ?? stats.schema ?? undefined };
}

function fill() {
  const labeled = state.schemes.filter((s) => s.annotation_type !== "text");
  const schemas = labeled.length ? labeled.map((s) => s.name) : [state.stats.schema ?? undefined];
  const labels = schemas.flatMap((schema) => Object.entries(sources).map(([source, text]) =>
    ({ choice: { source, schema }, text: schemas.length > 1 ? `${clip(String(schema), 40)}: ${text}` : text })));
  const counted = ["$uncertainty", "$votes"].map((column) => ({ choice: { column }, text: columnName(column) }));
  const columns = (state.stats.columns ?? []).filter((c) => !c.name.startsWith("$"))
    .map((c) => ({ choice: { column: c.name }, text: clip(c.name, 60) }));
  const parts = [["Labels", labels], ["Annotation", counted], ["Columns", columns]].filter(([, list]) => list.length);
  options = parts.flatMap(([, list]) => list);
  const now = chosen();
  let i = 0;
  select.replaceChildren(...parts.map(([label, list]) => make("optgroup", { label }, list.map(({ choice, text }) =>
    make("option", { value: String(i++), selected: same(choice, now) }, text)))));
}

function methods() {
  for (const b of $("methods").children) b.setAttribute("aria-pressed", String(b.dataset.method === (state.view.method ?? state.stats.method)));
}

async function recolor() {
  const { choice } = options[Number(select.value)];
  state.hidden = new Set();
  if (choice.column) return colorBy(choice.column);
  const before = { source: state.stats.label_source, schema: state.stats.schema ?? undefined };
  Object.assign(state.view, { column: undefined, source: choice.source, schema: choice.schema });
  state.column = null;
  // The points carry these labels already.
  if (same(choice, before)) return tell("look");
  return load();
}

export function start() {
  on("data", () => { fill(); methods(); });
  on("schemes", fill);
  select.addEventListener("change", () => recolor().catch((e) => { failed(e); fill(); }));
  $("methods").addEventListener("click", (e) => {
    const method = e.target.closest("button")?.dataset.method;
    if (!method) return;
    state.view.method = method;
    methods();
    load().catch(failed);
  });
  $("refresh").addEventListener("click", () => load({ force: true }).catch(failed));
  $("retry").addEventListener("click", () => load().catch(failed));
}
