// Annotating in place: one item after the other as the queue hands them out, or one that was chosen on the map.

import { post } from "./api.js";
import { $, busy, clip, make, memory, plural } from "./dom.js";
import { update } from "./data.js";
import { content, fetchItem } from "./item.js";
import { form } from "./schemes.js";
import { on, open, state, tell } from "./state.js";
import { current, turnTo } from "./tabs.js";
import { toast } from "./toast.js";

// The item in hand, its forms, and whether the queue handed it out.
let hand = null;
let message = null;

const annotator = () => $("annotator").value.trim();

function named() {
  if (annotator()) return true;
  $("annotator").setAttribute("aria-invalid", "true");
  $("annotator").focus();
  tellWrong("Who annotates? Enter a name first.");
  return false;
}

function tellWrong(text) {
  message ??= make("p", { class: "bad", role: "alert", dir: "auto" });
  if (!message.isConnected) {
    const last = $("work").querySelector(".last");
    if (last) last.prepend(message);
    else $("work").append(message);
  }
  message.textContent = text;
}

const wrong = (e) => tellWrong(e.message);

function idle(text) {
  hand = null;
  message = null;
  const next = make("button", { type: "button", class: "main wide", id: "next", click: () => busy(next, take, wrong) }, "Next item");
  $("work").replaceChildren(make("p", { class: "hint" }, text), next,
    make("p", { class: "hint" }, make("kbd", {}, "1"), "–", make("kbd", {}, "9"), " choose a label, ", make("kbd", {}, "Enter"),
      " saves and takes the next item, ", make("kbd", {}, "Esc"), " gives the item back."));
}

async function take() {
  if (!named()) return;
  const who = annotator();
  const { item, lease_until: until, remaining } = await post("queue/next", { annotator: who });
  if (!item) {
    idle("Nothing is left for you. Thank you!");
    return;
  }
  // What was said before is not part of what is handed out; most items have none.
  show({ annotations: [], ...item }, { leased: true, until, remaining, who });
}

// Any item, without waiting for its turn.
async function choose(id) {
  turnTo("annotate");
  try {
    if (hand?.leased) await giveBack();
    show(await fetchItem(id), { leased: false, who: annotator() });
  } catch (e) {
    wrong(e);
  }
}

function show(item, { leased, until, remaining, who }) {
  const before = new Map(item.annotations.filter((a) => a.annotator === who).map((a) => [a.scheme, a.value]));
  const forms = state.schemes.map((s) => form(s, before.get(s.name)));
  hand = { item, leased, forms, who, saving: false };
  message = null;
  const save = make("button", { type: "button", class: "main", id: "save", click: () => store() }, leased ? "Save, next" : "Save");
  const leave = make("button", { type: "button", id: "leave", click: () => leaveIt() }, leased ? "Give back" : "Close");
  const status = leased ? [until ? `Yours until ${new Date(until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : null,
    Number.isFinite(remaining) ? `${plural(remaining, "item")} left` : null].filter(Boolean).join(" · ") : "Chosen on the map";
  $("work").replaceChildren(
    make("div", {}, make("div", { class: "title" }, make("bdi", { class: "id" }, clip(item.instance_id, 200)), make("span", { class: "state n" }, status)), content(item)), ...forms.map((f) => f.element),
    forms.length ? "" : make("p", { class: "hint" }, "No annotation schemes are configured."),
    make("div", { class: "actions last" }, save, leave));
  for (const f of forms) f.element.addEventListener("focusin", () => activate(f));
  activate(forms.find((f) => f.choices && !f.done()) ?? forms.find((f) => f.choices) ?? forms[0]);
  $("pane-annotate").scrollTop = 0;
  $("pane-annotate").focus({ preventScroll: true });
  open(item.instance_id, { stay: true });
}

// The scheme that digits are for.
function activate(f) {
  if (!hand) return;
  hand.active = f;
  for (const other of hand.forms) other.element.classList.toggle("active", other === f);
}

async function store() {
  if (!hand || hand.saving || !named()) return;
  const mine = hand;
  const id = mine.item.instance_id;
  // Without a prototype: a scheme may be called whatever it likes.
  const annotations = Object.create(null);
  for (const f of mine.forms) {
    const value = f.value();
    if (value !== undefined) annotations[f.scheme.name] = value;
  }
  if (!Object.keys(annotations).length) {
    tellWrong("Nothing to save yet: choose a label.");
    return;
  }
  mine.saving = true;
  try {
    await post("queue/annotate", { annotator: annotator(), instance_id: id, annotations });
  } catch (e) {
    mine.saving = false;
    wrong(e);
    return;
  }
  toast("Saved", 1.5);
  // Its point changes at once; the counts follow by themselves.
  fetchItem(id).then((item) => { update(item); tell("annotated", id); }, () => {});
  if (hand !== mine) return;
  if (mine.leased) await take().catch((e) => { idle("Saved."); wrong(e); });
  else {
    idle("Saved.");
    turnTo("item");
  }
}

const giveBack = () => post("queue/release", { annotator: annotator() });

async function leaveIt() {
  if (!hand || hand.saving) return;
  const { leased } = hand;
  idle(leased ? "Given back." : "Items come in the order of the queue.");
  if (leased) await giveBack().catch(wrong);
}

function key(e) {
  if (current() !== "annotate" || !hand || e.defaultPrevented || e.altKey || e.isComposing) return;
  const at = e.target;
  const typing = at.matches("textarea, select, input:not([type=radio], [type=checkbox])");
  if (e.key === "Escape" && !at.closest("#find")) {
    e.preventDefault();
    if (typing) at.blur();
    else leaveIt();
  } else if (e.key === "Enter" && (e.ctrlKey || e.metaKey || (!typing && !at.closest("button, a")) || at.matches(".scheme select"))) {
    if (at.closest("#find")) return;
    e.preventDefault();
    store();
  } else if (/^\d$/.test(e.key) && !typing && !e.ctrlKey && !e.metaKey && hand.active?.press(e.key)) {
    e.preventDefault();
    const f = hand.active;
    // One answer is enough: the next digit is for the next scheme.
    if (!f.many) activate(hand.forms.slice(hand.forms.indexOf(f) + 1).find((o) => o.choices) ?? f);
  }
}

export function start() {
  const field = $("annotator");
  field.value = memory.get("annotator") ?? "";
  field.addEventListener("input", () => field.removeAttribute("aria-invalid"));
  field.addEventListener("change", () => {
    memory.set("annotator", annotator() || null);
    // What is in hand was handed to somebody else.
    if (hand?.leased && hand.who !== annotator()) idle("Items come in the order of the queue.");
  });
  field.addEventListener("keydown", (e) => {
    if (e.key !== "Enter") return;
    e.preventDefault();
    if (!hand) $("next")?.click();
    else $("pane-annotate").focus();
  });
  on("annotate", choose);
  on("schemes", () => {
    if (!field.value && state.info.annotator_default) field.value = state.info.annotator_default;
  });
  document.addEventListener("keydown", key);
  idle("Items come in the order of the queue.");
}
