// The tabs of the panel.

import { $, memory } from "./dom.js";
import { tell } from "./state.js";

const tabs = [...document.querySelectorAll('#tabs [role="tab"]')];
const narrow = matchMedia("(max-width: 800px)");
const nameOf = (tab) => tab.id.slice(4);

export const current = () => nameOf(tabs.find((t) => t.getAttribute("aria-selected") === "true"));

export function turnTo(name, focus = false) {
  for (const tab of tabs) {
    const on = nameOf(tab) === name;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !on;
    if (on && focus) tab.focus();
  }
  memory.set("tab", name);
  tell("tab", name);
}

export function start() {
  for (const tab of tabs) {
    // The width of the text when it is bold is reserved by the style sheet.
    tab.dataset.text = tab.firstChild.textContent;
    tab.addEventListener("click", () => {
      turnTo(nameOf(tab));
      // In one column most of it is below what can be seen.
      if (narrow.matches) $("tabs").scrollIntoView({ block: "start", behavior: "smooth" });
    });
  }
  $("tabs").addEventListener("keydown", (e) => {
    const at = tabs.findIndex((t) => t.getAttribute("aria-selected") === "true");
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    turnTo(nameOf(tabs[(to + tabs.length) % tabs.length]), true);
  });
  const last = memory.get("tab");
  if (tabs.some((t) => nameOf(t) === last)) turnTo(last);
}
