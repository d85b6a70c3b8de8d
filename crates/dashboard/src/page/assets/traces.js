// Points to traces: one for each label, each category, or one for all numbers.

import { OTHER, PALETTE, UNLABELED } from "./palette.js";
import { plotlyScale } from "./scale.js";

// Above, WebGL draws them; below, SVG is sharper.
export const MANY = 2000;
// Categories with a color of their own; the rest share one.
const CATEGORIES = 30;

const SYMBOLS = ["circle", "diamond", "square"];

// 8 as long as there is room, less with more points.
export const markerSize = (n) => (n <= 1000 ? 8 : Math.max(2.5, 8 * (1000 / n) ** 0.2));

// Groups of points that are drawn alike: `{ key, name, color, symbol, rows }`; numbers have `values`, too. Their order
// is that of the legend.
export function groups(data, column) {
  if (column?.kind === "number") return numbers(data.points, column);
  if (column) return categories(data.points, column);
  return labels(data);
}

// In the order of `labels`, null being "Unannotated"; labels that are not listed come after, gray.
function labels({ points, labels: listed, colors }) {
  const rows = new Map(listed.map((label) => [label ?? null, []]));
  points.forEach((p, i) => {
    const label = p.label ?? null;
    if (!rows.has(label)) rows.set(label, []);
    rows.get(label).push(i);
  });
  const own = new Set(listed);
  return [...rows].filter(([, r]) => r.length).map(([label, r], i) => ({
    key: label === null ? "null" : `l:${label}`,
    name: label ?? "Unannotated",
    none: label === null,
    color: (label === null ? colors.null : own.has(label) && Object.hasOwn(colors, label) ? colors[label] : null) ?? UNLABELED,
    symbol: symbolOf(label === null ? 0 : listed.indexOf(label)),
    rows: r,
  }));
}

// A palette that begins anew goes on with another shape.
const symbolOf = (i) => SYMBOLS[Math.floor(Math.max(0, i) / PALETTE.length) % SYMBOLS.length];

function categories(points, { values }) {
  const rows = new Map();
  points.forEach((_, i) => {
    const value = values[i];
    const key = value === null || value === undefined || value === "" ? null : typeof value === "object" ? JSON.stringify(value) : String(value);
    if (!rows.has(key)) rows.set(key, []);
    rows.get(key).push(i);
  });
  const none = rows.get(null);
  rows.delete(null);
  const byCount = [...rows].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const shown = byCount.slice(0, CATEGORIES).sort((a, b) => compare(a[0], b[0]) || (a[0] < b[0] ? -1 : 1));
  const result = shown.map(([value, r], i) => ({
    key: `c:${value}`, name: value, color: PALETTE[i % PALETTE.length], symbol: symbolOf(i), rows: r,
  }));
  const rest = byCount.slice(CATEGORIES);
  if (rest.length) result.push({ key: "other", name: `${rest.length} other values`, none: true, color: OTHER, symbol: "circle", rows: rest.flatMap(([, r]) => r) });
  if (none) result.push({ key: "null", name: "No value", none: true, color: UNLABELED, symbol: "circle", rows: none });
  return result;
}

function numbers(points, { name, values }) {
  const [some, none] = [[], []];
  points.forEach((_, i) => (Number.isFinite(values[i]) ? some : none).push(i));
  const result = [];
  if (some.length) {
    const of = some.map((i) => values[i]);
    const [min, max] = of.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    result.push({ key: "numbers", name, color: null, symbol: "circle", rows: some, values: of, min, max });
  }
  if (none.length) result.push({ key: "null", name: "No value", none: true, color: UNLABELED, symbol: "circle", rows: none });
  return result;
}

// Traces for Plotly, in the order of the groups. Where nothing says what lies above what, the gray ones come first.
export function traces(points, list, { hidden, selection }) {
  const many = points.length >= MANY;
  const size = markerSize(points.length);
  const result = list.map((g) => {
    const marker = { size, symbol: g.symbol, line: { width: 0 }, opacity: !g.none ? 0.85 : many ? 0.45 : 0.7 };
    if (g.values) Object.assign(marker, { color: g.values, colorscale: plotlyScale(), cmin: g.min, cmax: g.max === g.min ? g.min + 1 : g.max, showscale: false });
    else marker.color = g.color;
    const trace = {
      type: many ? "scattergl" : "scatter", mode: "markers", name: escaped(g.name), meta: { key: g.key },
      x: g.rows.map((i) => points[i].x), y: g.rows.map((i) => points[i].y), customdata: g.rows,
      marker, hoverinfo: "none", showlegend: false, visible: !hidden.has(g.key),
      selected: { marker: { opacity: 1 } }, unselected: { marker: { opacity: 0.13 } },
      selectedpoints: positions(points, g, selection),
    };
    if (!many) trace.zorder = g.none ? 0 : 1;
    return trace;
  });
  return many ? result.sort((a, b) => zOf(a) - zOf(b)) : result;
}

const zOf = (trace) => (["null", "other"].includes(trace.meta.key) ? 0 : 1);

// Which of a group's points are selected; null if none is in the whole map.
export function positions(points, group, selection) {
  if (!selection.size) return null;
  const result = [];
  group.rows.forEach((i, p) => { if (selection.has(points[i].instance_id)) result.push(p); });
  return result;
}

// Plotly reads names as its own markup.
const escaped = (text) => String(text).slice(0, 200).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
