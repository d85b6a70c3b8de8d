// Forms of annotation schemes: what can be said, and what was.

import { clip, make, textOf } from "./dom.js";
import { state } from "./state.js";

const KEYS = "1234567890";
let serial = 0;

// Labels may be given as texts or as objects with a name.
export const nameOf = (label) => textOf(label !== null && typeof label === "object" ? (label.name ?? label.label ?? label) : label);

// One scheme: its element, `value()` (undefined: nothing was said), `press(digit)` and `done()`.
export function form(scheme, before) {
  const many = scheme.annotation_type === "multiselect";
  const labels = (scheme.labels ?? []).map(nameOf);
  const heading = make("legend", {}, make("bdi", {}, clip(scheme.name, 120)),
    scheme.description ? make("small", { dir: "auto" }, clip(scheme.description, 400)) : null);
  if (scheme.annotation_type === "text" || !labels.length) {
    const area = make("textarea", { maxlength: 100000, dir: "auto", value: textOf(before), "aria-label": clip(scheme.name, 120) });
    return {
      scheme, choices: 0, element: make("fieldset", { class: "scheme" }, heading, area),
      value: () => (area.value.trim() ? area.value : undefined), press: () => false, done: () => true,
    };
  }
  const was = new Set((Array.isArray(before) ? before : before === undefined ? [] : [before]).map(textOf));
  if (scheme.annotation_type === "select") return drop(scheme, labels, heading, was);
  const group = `s${++serial}`;
  const inputs = labels.map((label) => make("input", { type: many ? "checkbox" : "radio", name: group, checked: was.has(label) }));
  const row = scheme.annotation_type === "likert" && labels.every((l) => l.length <= 14) && labels.length <= 9;
  const brief = labels.length > 2 && labels.every((l) => l.length <= 14);
  const choices = make("div", { class: row ? "choices row" : brief ? "choices two" : "choices" }, labels.map((label, i) => {
    const dot = make("i", { class: "dot" });
    const known = scheme.name === state.stats.schema && Object.hasOwn(state.colors, label) ? state.colors[label] : null;
    if (known) dot.style.background = known;
    return make("label", {}, inputs[i], known ? dot : null, make("bdi", { class: "name" }, clip(label, 300)),
      KEYS[i] ? make("kbd", { "aria-hidden": "true" }, KEYS[i]) : null);
  }));
  // Of several boxes, none is an answer, too, once one was touched or they were answered before.
  let touched = was.size > 0;
  for (const input of inputs) input.addEventListener("change", () => (touched = true));
  const value = () => {
    const chosen = labels.filter((_, i) => inputs[i].checked);
    if (many) return touched ? chosen : undefined;
    return chosen[0];
  };
  return {
    scheme, choices: labels.length, many, value, element: make("fieldset", { class: "scheme" }, heading, choices),
    done: () => value() !== undefined,
    press(digit) {
      const input = inputs[KEYS.indexOf(digit)];
      if (!input) return false;
      input.checked = many ? !input.checked : true;
      touched = true;
      input.focus();
      return true;
    },
  };
}

function drop(scheme, labels, heading, was) {
  const options = labels.map((label, i) => make("option", { value: String(i), selected: was.has(label) }, `${KEYS[i] ? `${KEYS[i]}  ` : ""}${clip(label, 200)}`));
  const select = make("select", { class: "wide", "aria-label": clip(scheme.name, 120) }, make("option", { value: "" }, "Choose"), options);
  const value = () => (select.value === "" ? undefined : labels[Number(select.value)]);
  return {
    scheme, choices: labels.length, value, element: make("fieldset", { class: "scheme" }, heading, select), done: () => value() !== undefined,
    press(digit) {
      const i = KEYS.indexOf(digit);
      if (i >= labels.length) return false;
      select.value = String(i);
      select.focus();
      return true;
    },
  };
}
