// How far the project is: in the header, and in full in a tab.

import { get, post } from "./api.js";
import { $, ago, busy, clip, count, make, plural, short } from "./dom.js";
import { on, state, tell } from "./state.js";
import { current } from "./tabs.js";
import { failed, toast } from "./toast.js";

let now = null;

const figure = (name, value) => make("div", {}, make("dt", {}, name), make("dd", { class: "n" }, count(value)));

function bars(scheme, counts) {
  const rows = Object.entries(counts).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const most = Math.max(1, ...rows.map(([, n]) => n));
  return [make("h2", {}, make("bdi", {}, clip(scheme, 80))), make("ul", { class: "bars" }, rows.slice(0, 40).map(([label, n]) => {
    const fill = make("b");
    fill.style.width = `${(100 * n) / most}%`;
    fill.style.background = scheme === state.stats.schema && Object.hasOwn(state.colors, label) ? state.colors[label] : "var(--accent)";
    return make("li", {}, make("bdi", { class: "name" }, clip(label, 120)), make("span", { class: "n" }, count(n)), make("i", { "aria-hidden": "true" }, fill));
  })), rows.length > 40 ? make("p", { class: "hint" }, `and ${count(rows.length - 40)} more`) : null];
}

function people(annotators, competence) {
  if (!annotators.length) return make("p", { class: "hint" }, "Nobody has annotated so far.");
  const rated = Object.keys(competence).length > 0;
  return make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Name"), make("th", { scope: "col", class: "n" }, "Items"),
    rated ? make("th", { scope: "col", class: "n", title: "Share of answers that the model takes for known, not guessed" }, "Competence") : null, make("th", { scope: "col", class: "n" }, "Last"))),
  make("tbody", {}, annotators.slice(0, 200).map((a) => make("tr", {}, make("td", { title: clip(a.name, 200) }, make("bdi", {}, clip(a.name, 80))), make("td", { class: "n" }, count(a.items)),
    rated ? make("td", { class: "n" }, Object.hasOwn(competence, a.name) ? short(competence[a.name]?.average) : "–") : null,
    make("td", { class: "n" }, a.last ? ago(a.last) : "–")))));
}

function models(mace) {
  if (!mace?.enabled) return null;
  const run = make("button", { type: "button", click: () => busy(run, async () => {
    const { schemas_processed: n } = await post("mace/trigger");
    toast(`Estimated ${plural(n, "scheme")}`);
    tell("models");
    await draw();
  }, failed) }, "Estimate now");
  return [make("h2", {}, "Annotator model (MACE)"), make("ul", { class: "plain" }, (mace.schemas ?? []).map((s) => make("li", {},
    make("bdi", {}, clip(s.key, 80)), make("span", { class: "n" }, `${plural(s.num_instances, "item")}, ${plural(s.num_annotators, "annotator")}`)))),
  mace.has_results ? null : make("p", { class: "hint" }, "No result so far: it needs several annotators of the same items."), make("div", { class: "actions" }, run)];
}

async function draw() {
  if (current() !== "progress" || !now) return;
  const mace = await get("mace/overview").catch(() => null);
  const p = now;
  const place = $("pane-progress").scrollTop;
  $("pane-progress").replaceChildren(...[
    make("dl", { class: "figures" }, figure("Items", p.items), figure("Annotated", p.annotated), figure("Finished", p.finished),
      figure("Annotations", p.annotations), figure("Remaining", p.remaining), figure("In hand", p.leased)),
    ...Object.entries(p.labels ?? {}).map(([scheme, counts]) => bars(scheme, counts)),
    make("h2", {}, "Annotators"), people(p.annotators ?? [], mace?.annotator_competence ?? {}), models(mace)].flat(2).filter(Boolean));
  $("pane-progress").scrollTop = place;
}

export async function load() {
  now = await get("progress");
  const { annotated, items } = now;
  $("overall-bar").value = items ? annotated / items : 0;
  const part = items ? Math.floor((100 * annotated) / items) : 0;
  $("overall-text").replaceChildren(make("span", { class: "long" }, `${count(annotated)} of ${count(items)} annotated`),
    make("span", { class: "brief", "aria-hidden": "true" }, `${part} %`));
  await draw();
}

export function start() {
  on("tab", (name) => { if (name === "progress") load().catch(failed); });
}
