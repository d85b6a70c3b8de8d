// Elements. Strings from data reach the page through here, and only as text.

export const $ = (id) => document.getElementById(id);

// An element with attributes, listeners (functions) and children; strings among the children become text nodes.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

// The first `n` characters, not half of an emoji.
export function clip(text, n) {
  if (text.length <= n) return text;
  const end = /[\uD800-\uDBFF]/.test(text[n - 1]) ? n - 1 : n;
  return `${text.slice(0, end)}…`;
}

// Any value of a column as text.
export function textOf(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// Text that may be long: cut, with a button that shows the rest.
export function longText(value, n = 2000) {
  const text = textOf(value);
  if (text.length <= n) return [text];
  const shown = document.createTextNode(`${clip(text, n)} `);
  const more = make("button", { type: "button", class: "text", click: () => { shown.data = text; more.remove(); } },
    `show all ${count(text.length)} characters`);
  return [shown, more];
}

const integers = new Intl.NumberFormat("en-US");
export const count = (n) => integers.format(n);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

// A number as short as it can be told apart.
export function short(value) {
  if (!Number.isFinite(value)) return "";
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return count(value);
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

// How long ago, roughly.
export function ago(ms) {
  const s = Math.max(0, (Date.now() - ms) / 1000);
  const [n, unit] = s < 60 ? [0, ""] : s < 3600 ? [s / 60, "min"] : s < 86400 ? [s / 3600, "h"] : [s / 86400, "d"];
  return make("time", { datetime: new Date(ms).toISOString(), title: new Date(ms).toLocaleString() },
    unit ? `${Math.floor(n)} ${unit} ago` : "just now");
}

// What a color of the style sheet is at this moment, as Plotly can read it.
export function color(name) {
  const probe = make("i", { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

// What this browser is to remember. Storage may be forbidden.
export const memory = {
  get(key) {
    try {
      return localStorage.getItem(`planisphere.${key}`);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(`planisphere.${key}`);
      else localStorage.setItem(`planisphere.${key}`, value);
    } catch {
      // Then it is forgotten with the page.
    }
  },
};

// Runs `f` once after calls have ceased for `ms`.
export function debounced(f, ms) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
}

// Runs an action behind a button, which is disabled meanwhile; what goes wrong is told.
export async function busy(button, action, told) {
  if (button.disabled) return undefined;
  const focused = document.activeElement === button;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    return await action();
  } catch (e) {
    told(e);
    return undefined;
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
    if (focused && document.activeElement === document.body) button.focus();
  }
}

// Columns that the server computes have names that are no words.
const columns = { $uncertainty: "Uncertainty", $votes: "Number of annotations" };
export const columnName = (name) => (Object.hasOwn(columns, name) ? columns[name] : name);
