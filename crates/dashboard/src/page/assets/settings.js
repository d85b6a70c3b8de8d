// Settings of the map, which the server keeps, and of this browser.

import { get, put } from "./api.js";
import { $, busy, make, memory } from "./dom.js";
import { load } from "./data.js";
import { on, state, tell } from "./state.js";
import { current } from "./tabs.js";
import { toast } from "./toast.js";

const THEMES = ["auto", "light", "dark"];
export const theme = () => document.documentElement.dataset.theme ?? "auto";

export function setTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  memory.set("theme", name === "auto" ? null : name);
  $("theme").title = `Theme: ${name}`;
  for (const b of document.querySelectorAll("[data-choose-theme]")) b.setAttribute("aria-pressed", String(b.dataset.chooseTheme === name));
  tell("theme");
}

// Fields by the path of what they set.
const fields = new Map();
let general = null;

function field(path, label, input, of) {
  const message = make("p", { class: "message", id: `wrong-${path.replace(".", "-")}`, role: "alert" });
  input.setAttribute("aria-describedby", message.id);
  fields.set(path, { input, message, read: of.read, write: of.write });
  return make("label", { class: of.check ? "check" : "field block" }, of.check ? [input, make("span", {}, label)] : [make("span", {}, label), input], of.check ? null : message);
}

const choice = (path, label, options) => {
  const input = make("select", { name: path }, options.map(([value, text]) => make("option", { value }, text)));
  return field(path, label, input, { read: () => input.value, write: (v) => (input.value = v ?? "") });
};

const number = (path, label, more) => {
  const input = make("input", { name: path, type: "number", inputmode: "decimal", ...more });
  // What is no number is for the server to refuse, by its own words.
  const read = () => (input.value.trim() === "" || Number.isNaN(Number(input.value)) ? input.value : Number(input.value));
  return field(path, label, input, { read, write: (v) => (input.value = v ?? "") });
};

const box = (path, label) => {
  const input = make("input", { name: path, type: "checkbox" });
  return field(path, label, input, { check: true, read: () => input.checked, write: (v) => (input.checked = Boolean(v)) });
};

const at = (settings, path) => path.split(".").reduce((value, key) => value?.[key], settings);

function build() {
  fields.clear();
  const schemas = state.schemes.filter((s) => s.annotation_type !== "text").map((s) => [s.name, s.name]);
  general = make("p", { class: "message", role: "alert" });
  const save = make("button", { type: "submit", class: "main" }, "Save settings");
  const form = make("form", { id: "settings-form", novalidate: true, submit: (e) => { e.preventDefault(); busy(save, store, wrong); } },
    make("fieldset", {}, make("legend", {}, "Map"),
      make("div", { class: "pair" },
        choice("method", "Method", [["umap", "UMAP"], ["tsne", "t-SNE"], ["pca", "PCA"]]),
        number("sample_size", "Items drawn at most", { min: 1, step: 1 })),
      make("div", { class: "pair" },
        choice("label_source", "Labels from", [["mace", "MACE"], ["majority", "Majority"]]),
        choice("schema", "Scheme", [["", "The first"], ...schemas])),
      box("include_all_annotated", "Always draw annotated items")),
    make("fieldset", {}, make("legend", {}, "UMAP"),
      make("div", { class: "pair" },
        number("umap.n_neighbors", "Neighbors", { min: 2, step: 1 }),
        number("umap.min_dist", "Minimal distance", { min: 0, max: 1, step: 0.05 })),
      choice("umap.metric", "Metric", ["cosine", "euclidean", "manhattan", "correlation"].map((m) => [m, m]))),
    general, make("div", { class: "actions" }, save));
  const themes = make("div", { class: "segments", role: "group", "aria-label": "Theme" }, THEMES.map((name) =>
    make("button", { type: "button", "data-choose-theme": name, "aria-pressed": String(theme() === name), click: () => setTheme(name) }, name[0].toUpperCase() + name.slice(1))));
  $("pane-settings").replaceChildren(form, make("h2", {}, "Theme"), themes,
    make("h2", {}, "About"), make("p", { class: "hint" }, `planisphere ${state.info.version ?? ""}. ${embedder()}`));
}

function embedder() {
  const e = state.stats.embedder;
  return e?.model ? `Vectors: ${e.model}${e.source_field ? ` of “${e.source_field}”` : ""}.` : "";
}

export async function show() {
  const settings = await get("settings");
  if (!fields.size) build();
  for (const [path, f] of fields) if (at(settings, path) !== undefined) f.write(at(settings, path));
}

async function store() {
  const body = {};
  for (const [path, f] of fields) {
    f.message.textContent = "";
    f.input.removeAttribute("aria-invalid");
    const value = f.read();
    const [a, b] = path.split(".");
    if (b) body[a] = { ...body[a], [b]: value };
    else body[a] = path === "schema" && value === "" ? null : value;
  }
  general.textContent = "";
  await put("settings", body);
  toast("Settings saved");
  // What was chosen above the map gives way to what was saved.
  Object.assign(state.view, { method: undefined, source: undefined, schema: undefined });
  await load();
}

// The server's message, at the field that it names.
function wrong(e) {
  const named = [...fields].sort((a, b) => b[0].length - a[0].length).find(([path]) => e.message.includes(path));
  if (!named) {
    general.textContent = e.message;
    return;
  }
  const [, f] = named;
  // Its place in a configuration file means nothing here.
  f.message.textContent = e.message.replace(/^embedding_visualization\.(umap\.)?/, "");
  f.input.setAttribute("aria-invalid", "true");
  f.input.focus();
}

export function start() {
  on("tab", (name) => { if (name === "settings") show().catch((e) => toast(e.message)); });
  on("schemes", () => { fields.clear(); if (current() === "settings") show().catch(() => {}); });
  $("theme").addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]));
  $("theme").title = `Theme: ${theme()}`;
}
