// The map itself: what is drawn, and what is done with it. Listeners are bound once to the element and stay with it,
// whatever is drawn there.

import { $, color, debounced } from "./dom.js";
import { on, open, point, select, state, tell, toggle } from "./state.js";
import { groups, markerSize, positions, traces } from "./traces.js";
import { hide, show } from "./hover.js";

const plot = $("plot");
const narrow = matchMedia("(max-width: 800px)");
const fingers = matchMedia("(pointer: coarse)");
const titles = { umap: "UMAP", tsne: "t-SNE", pca: "PCA" };

let list = [];
let bound = false;
let drawnKey = null;
// Where a finger scrolls the page, it must not draw unless asked to.
let tool = fingers.matches && narrow.matches ? false : "lasso";
// Keys that were down when the last drag began.
let keys = {};

// While a button is down on the plot, what others do waits: drawing would end the drag.
let held = null;
function hold() {
  let release;
  held = new Promise((done) => (release = done));
  const end = () => {
    for (const type of ["pointerup", "pointercancel", "blur"]) window.removeEventListener(type, end, true);
    held = null;
    // Plotly ends the drag first.
    setTimeout(release, 50);
  };
  for (const type of ["pointerup", "pointercancel", "blur"]) window.addEventListener(type, end, true);
}

// Changes of the plot, one after the other: Plotly does not take them all at once.
let queue = Promise.resolve();
const later = (change) => (queue = queue.then(change).catch((e) => console.error(e)));

const library = new Promise((done, fail) => {
  const script = $("plotly");
  if (window.Plotly) done(window.Plotly);
  script.addEventListener("load", () => done(window.Plotly));
  script.addEventListener("error", () => fail(new Error("plotly.js could not be loaded.")));
});

export const legend = () => list;

// Draws all anew. Several calls before the first is done are one.
let waiting = null;
export function draw() {
  list = groups(state, state.column);
  tell("legend");
  waiting ??= later(async () => {
    await held;
    waiting = null;
    const Plotly = await library.catch((e) => {
      $("error").hidden = false;
      $("error-text").textContent = `Error: ${e.message}`;
      return null;
    });
    if (!Plotly) return;
    const key = `${state.stats.method} ${state.stats.cache_key}`;
    const layout = layoutOf(key === drawnKey);
    drawnKey = key;
    await Plotly.react(plot, [...traces(state.points, list, state), rings()], layout, {
      displayModeBar: false, displaylogo: false, responsive: false, scrollZoom: !fingers.matches, showTips: false, doubleClick: "reset",
    });
    if (!bound) bind();
    plot.dataset.ready = state.points.length;
    plot.dataset.draws = Number(plot.dataset.draws ?? 0) + 1;
  });
  return waiting;
}

function axis(name, number, keep) {
  const now = keep && plot._fullLayout?.[name];
  return {
    title: narrow.matches ? undefined : { text: `${titles[state.stats.method] ?? "Dimension"} ${number}`, font: { size: 11, color: color("--faint") }, standoff: 6 },
    showticklabels: false, ticks: "", zeroline: false, gridcolor: color("--line"), fixedrange: false,
    ...(now && plot.layout[name]?.autorange === false ? { range: [...now.range], autorange: false } : { autorange: true }),
  };
}

function layoutOf(keep) {
  return {
    xaxis: axis("xaxis", 1, keep), yaxis: axis("yaxis", 2, keep),
    dragmode: tool, hovermode: "closest", clickmode: "event", hoverdistance: 12, showlegend: false, selections: [],
    margin: narrow.matches ? { l: 8, r: 8, t: 8, b: 8 } : { l: 26, r: 10, t: 10, b: 26 }, paper_bgcolor: color("--page"), plot_bgcolor: color("--page"),
    font: { color: color("--ink") },
    newselection: { line: { color: color("--link"), width: 1.5, dash: "dot" } },
    modebar: { remove: [] },
  };
}

// Rings around the item that is shown, and its neighbors.
function rings() {
  const drawn = [state.open, ...state.near].filter((id) => id !== null && point(id));
  const own = drawn.map((id) => id === state.open);
  const size = Math.max(7, markerSize(state.points.length) + 5);
  return {
    type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false, name: "", meta: { key: "rings" }, cliponaxis: true,
    x: drawn.map((id) => point(id).x), y: drawn.map((id) => point(id).y), selectedpoints: null, zorder: 2,
    unselected: { marker: { opacity: 1 } },
    marker: {
      symbol: "circle-open", opacity: 1, color: color("--ink"), size: own.map((o) => (o ? size + 6 : size)),
      line: { width: own.map((o) => (o ? 2.5 : 1.2)) },
    },
  };
}

function marks() {
  if (!bound) return;
  later(() => {
    const { x, y, marker } = rings();
    return window.Plotly.restyle(plot, { x: [x], y: [y], marker: [marker] }, [plot.data.length - 1]);
  });
}

// Shows what is selected, and takes the outline away that it was selected by.
let pending = null;
function showSelection() {
  if (!bound) return;
  pending ??= later(() => {
    pending = null;
    const byKey = new Map(list.map((g) => [g.key, g]));
    const drawn = plot.data.map((t, i) => [i, byKey.get(t.meta?.key)]).filter(([, g]) => g);
    const chosen = drawn.map(([, g]) => positions(state.points, g, state.selection));
    plot.dataset.selected = state.selection.size;
    return window.Plotly.update(plot, { selectedpoints: chosen }, { selections: [] }, drawn.map(([i]) => i));
  });
}

// What the map is colored by, of one point.
const valueOf = (id) => (state.column ? [state.column.name, state.column.values[state.index.get(id)]] : null);

const ids = (e) => (e.points ?? []).map((p) => state.points[p.customdata]?.instance_id).filter((id) => id !== undefined);

function bind() {
  bound = true;
  plot.on("plotly_selected", (e) => {
    // A click tells of a selection of nothing.
    if (!e?.selections?.length && !e?.range && !e?.lassoPoints) return;
    hide();
    const how = keys.alt ? "remove" : keys.shift ? "add" : "replace";
    const found = ids(e);
    // Plotly is still at work on the drag.
    setTimeout(() => select(found, how), 0);
  });
  plot.on("plotly_deselect", () => setTimeout(() => select([]), 0));
  plot.on("plotly_click", (e) => {
    const [id] = ids(e);
    if (id === undefined) return;
    const mouse = e.event ?? {};
    setTimeout(() => (mouse.shiftKey || mouse.ctrlKey || mouse.metaKey ? toggle(id) : open(id)), 0);
  });
  plot.on("plotly_hover", (e) => {
    const [id] = ids(e);
    if (id !== undefined && e.event?.pointerType !== "touch") show(point(id), e.event, valueOf(id));
  });
  plot.on("plotly_unhover", hide);
  plot.on("plotly_relayouting", hide);
  plot.on("plotly_selecting", hide);
  plot.addEventListener("pointerdown", (e) => {
    keys = { shift: e.shiftKey, alt: e.altKey };
    if (!held) hold();
  }, true);
  plot.addEventListener("mouseleave", hide);
}

function setTool(next) {
  tool = next === tool && fingers.matches && narrow.matches ? false : next;
  for (const b of $("tools").querySelectorAll("[data-tool]")) b.setAttribute("aria-pressed", b.dataset.tool === tool);
  plot.classList.toggle("still", tool === false);
  if (bound) later(() => window.Plotly.relayout(plot, { dragmode: tool }));
}

// Zooms around the middle.
function zoom(factor) {
  if (!bound) return;
  later(() => {
    const update = {};
    for (const name of ["xaxis", "yaxis"]) {
      const [a, b] = plot._fullLayout[name].range;
      const [middle, half] = [(a + b) / 2, ((b - a) / 2) * factor];
      update[`${name}.range`] = [middle - half, middle + half];
    }
    return window.Plotly.relayout(plot, update);
  });
}

// Moves the map so that a point is in the middle, if it is out of sight.
export function reveal(id) {
  const p = point(id);
  if (!p || !bound) return;
  later(() => {
    const update = {};
    for (const [name, at] of [["xaxis", p.x], ["yaxis", p.y]]) {
      const [a, b] = plot._fullLayout[name].range;
      if (at < Math.min(a, b) || at > Math.max(a, b)) update[`${name}.range`] = [at - (b - a) / 2, at + (b - a) / 2];
    }
    return Object.keys(update).length ? window.Plotly.relayout(plot, update) : undefined;
  });
}

export function start() {
  on("data", draw);
  on("look", draw);
  on("hidden", draw);
  on("selection", showSelection);
  on("open", (id) => { marks(); if (id !== null) reveal(id); });
  on("rings", marks);
  on("theme", () => { if (bound) draw(); });
  $("tools").addEventListener("click", (e) => {
    const button = e.target.closest("button");
    if (button?.dataset.tool) setTool(button.dataset.tool);
    else if (button?.dataset.zoom) zoom(Number(button.dataset.zoom));
  });
  // Arrow keys within the tools, as in any toolbar.
  const tools = [...$("tools").querySelectorAll("button")];
  tools.forEach((b, i) => { b.tabIndex = i ? -1 : 0; });
  $("tools").addEventListener("keydown", (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    const next = tools[(tools.indexOf(document.activeElement) + step + tools.length) % tools.length];
    for (const b of tools) b.tabIndex = b === next ? 0 : -1;
    next.focus();
  });
  $("fit").addEventListener("click", () => bound && later(() => window.Plotly.relayout(plot, { "xaxis.autorange": true, "yaxis.autorange": true })));
  $("picture").addEventListener("click", () => bound && later(() =>
    window.Plotly.downloadImage(plot, { format: "png", scale: 2, width: plot.clientWidth, height: plot.clientHeight, filename: "map" })));
  setTool(tool);
  for (const query of [matchMedia("(prefers-color-scheme: dark)"), narrow]) query.addEventListener("change", () => tell("theme"));
  new ResizeObserver(debounced(() => bound && later(() => window.Plotly.Plots.resize(plot)), 80)).observe($("canvas"));
}
