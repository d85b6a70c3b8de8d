// What others do reaches the page by itself, and it tells when it does not.

import { get } from "./api.js";
import { $ } from "./dom.js";
import { jobEvent, load } from "./data.js";
import * as groups from "./groups.js";
import { load as loadProgress } from "./progress.js";
import { on, tell } from "./state.js";

// The whole map is some megabytes: at most this often, in milliseconds.
const MAP_EVERY = 5000;
const REST_EVERY = 800;

let source = null;
let failures = 0;
let timer = null;
let lost = false;
let out = false;
let known = null;

// Runs `f` at once if it has not run for `ms`, else when that time is over. Not while nobody looks.
function throttled(f, ms) {
  let last = 0;
  let planned = null;
  const run = () => {
    planned = null;
    if (document.hidden) {
      document.addEventListener("visibilitychange", run, { once: true });
      return;
    }
    last = Date.now();
    // Whether the server can be reached is told by the stream of events.
    Promise.resolve(f()).catch(() => {});
  };
  return () => { planned ??= setTimeout(run, Math.max(0, last + ms - Date.now())); };
}

const map = throttled(() => load({ quiet: true }), MAP_EVERY);
const counts = throttled(loadProgress, REST_EVERY);
const queue = throttled(() => tell("queue"), REST_EVERY);
const draft = throttled(() => groups.load(), REST_EVERY);

function everything() {
  map();
  counts();
  queue();
  draft();
}

function changed(versions) {
  const before = known;
  known = versions;
  // What was asked for at the start may be older than this.
  if (!before) return everything();
  const is = (name) => versions[name] !== before[name];
  // Nothing stored changed: it is a map that was computed.
  if (!Object.keys(versions).some(is)) map();
  if (is("items") || is("annotations") || is("models")) map();
  if (is("items") || is("annotations") || is("queue")) { counts(); queue(); }
  if (is("settings")) { draft(); map(); }
  return undefined;
}

function status(name, text) {
  $("live").dataset.state = name;
  $("live").lastElementChild.textContent = text;
  $("live").title = text;
}

function offline(text, link = false) {
  $("offline").hidden = text === null;
  $("offline").replaceChildren(text ?? "");
  if (link) {
    const a = document.createElement("a");
    a.href = "/admin";
    a.textContent = "Log in";
    $("offline").append(" ", a);
  }
}

function connect() {
  clearTimeout(timer);
  source?.close();
  source = new EventSource("/admin/api/events");
  source.addEventListener("open", () => {
    failures = 0;
    status("on", "Live");
    offline(null);
    // What happened meanwhile was told to nobody.
    if (lost) everything();
    lost = false;
  });
  const data = (e) => { try { return JSON.parse(e.data); } catch { return null; } };
  source.addEventListener("job", (e) => { const event = data(e); if (event) jobEvent(event.job ?? event); });
  source.addEventListener("changed", (e) => { const event = data(e); if (event?.versions) changed(event.versions); });
  source.addEventListener("error", () => {
    source.close();
    if (out) return;
    lost = true;
    failures++;
    const wait = Math.min(30, 2 ** (failures - 1)) * (0.8 + 0.4 * Math.random());
    status("off", "Offline");
    if (failures > 1) offline("The server cannot be reached. What you see may be out of date; trying again.");
    timer = setTimeout(retry, wait * 1000);
  });
}

// A stream does not tell why it failed; a session that has ended would fail for ever.
async function retry() {
  await get("info").catch(() => {});
  if (!out) connect();
}

export function start() {
  on("live", (what) => {
    if (what !== "out" || out) return;
    out = true;
    source?.close();
    status("off", "Logged out");
    offline("Your session has ended.", true);
  });
  on("models", map);
  on("annotated", counts);
  window.addEventListener("online", () => { if (!out && source?.readyState !== EventSource.OPEN) connect(); });
  connect();
}
