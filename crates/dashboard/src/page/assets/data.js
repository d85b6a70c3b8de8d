// The map's data: asked for once, kept until there is another, told when it came.

import { Failure, get, pause, query, request } from "./api.js";
import { $, count, plural } from "./dom.js";
import { state, tell } from "./state.js";

// Counts what was asked for; only the last one matters.
let turn = 0;
let known = { path: null, etag: null };
const waiting = new Map();

const pathOf = (view, more = {}) => `embedding_viz/data${query({
  method: view.method, label_source: view.source, schema: view.schema, ...more, wait: "false",
})}`;

let running = null;
let again = false;

// Asks for the map that `state.view` names. `force` computes it anew; the old one stays until the new one is there.
// A quiet one is asked for because something changed: it waits for what is under way.
export function load(how = {}) {
  if (how.quiet && running) {
    again = true;
    return running;
  }
  const mine = run(how).finally(() => {
    if (running !== mine) return;
    running = null;
    if (again) {
      again = false;
      load({ quiet: true });
    }
  });
  running = mine;
  return mine;
}

async function run({ force = false, quiet = false }) {
  const mine = ++turn;
  const path = pathOf(state.view);
  try {
    let answer = await request(force ? pathOf(state.view, { force_refresh: "true" }) : path,
      { etag: !force && known.path === path ? known.etag : undefined });
    while (answer.status === 202) {
      if (!await finished(answer.body.job, () => mine === turn)) return;
      if (mine !== turn) return;
      answer = await request(path);
    }
    if (mine !== turn) return;
    job(null);
    if (answer.status === 304) return error(null);
    if (answer.body.stats?.error) {
      known = { path: null, etag: null };
      if (!state.points.length) $("plot").dataset.state = "error";
      return error(answer.body.stats.error);
    }
    known = { path, etag: answer.etag };
    error(null);
    await take(answer.body, mine);
  } catch (e) {
    if (mine !== turn) return;
    job(null);
    if (!(e instanceof Failure)) throw e;
    // What can be seen stays; whether the server is there is told elsewhere.
    if (!quiet || e.status !== 0) error(e.message);
  }
}

async function take(body, mine) {
  const fresh = body.stats.cache_key !== state.stats.cache_key;
  const column = state.view.column;
  const values = column ? await columnOf(column, body.stats.cache_key).catch(() => null) : null;
  if (mine !== turn) return;
  Object.assign(state, { points: body.points, labels: body.labels, colors: body.label_colors, stats: body.stats });
  state.index = new Map(body.points.map((p, i) => [p.instance_id, i]));
  state.column = values;
  if (column && !values) state.view.column = undefined;
  tell("data", { fresh });
}

async function columnOf(name, key) {
  const { kind, values } = await get(`embedding_viz/column${query({ name, cache_key: key })}`);
  return { name, kind, values };
}

// Colors by a column of the items; the labels come back by `load`.
export async function colorBy(name) {
  const mine = ++turn;
  try {
    const column = await columnOf(name, state.stats.cache_key);
    if (mine !== turn) return;
    state.view.column = name;
    state.column = column;
    tell("look");
  } catch (e) {
    if (mine !== turn) return;
    // The map was replaced meanwhile: the new one comes with its values.
    if (e.status === 409) {
      state.view.column = name;
      known = { path: null, etag: null };
      return load();
    }
    throw e;
  }
}

// Waits for a job to end; false if it is not awaited any more. Events tell how far it is, and it is asked for in case
// that they do not come.
async function finished(first, wanted) {
  let now = first;
  let tick;
  waiting.set(first.id, (event) => { now = { ...now, ...event }; tick?.(); });
  try {
    while (wanted()) {
      if (now.state === "done") return true;
      // The items changed meanwhile, or somebody wanted another map first: this one is asked for again.
      if (now.state === "failed" && now.error === "cancelled") return pause(500).then(wanted);
      if (now.state === "failed") throw new Failure(500, now.error ?? "The map could not be computed.");
      job(now);
      const told = await new Promise((done) => {
        const timer = setTimeout(() => done(false), 2500);
        tick = () => { clearTimeout(timer); done(true); };
      });
      if (!told && wanted()) now = (await get(`jobs/${encodeURIComponent(first.id)}`)).job;
    }
    return false;
  } finally {
    waiting.delete(first.id);
  }
}

export function jobEvent(event) {
  waiting.get(event.id)?.(event);
}

const names = { umap: "UMAP", tsne: "t-SNE", pca: "PCA" };

function job(now) {
  $("job").hidden = !now;
  if (!now) return;
  const part = Math.min(1, Math.max(0, now.progress ?? 0));
  const stage = now.state === "queued" ? "waiting" : now.stage;
  $("job-text").textContent = `Computing ${names[now.method] ?? "the map"}${stage ? `: ${stage}` : ""} (${Math.round(part * 100)} %)`;
  $("job-bar").value = part;
}

function error(text) {
  $("error").hidden = text === null;
  $("error-text").textContent = text === null ? "" : `Error: ${text}`;
}

// What one item's annotations make of its point, until the server tells all points anew.
export function update(item) {
  const i = state.index.get(item.instance_id);
  if (i === undefined) return;
  const p = state.points[i];
  const schema = state.stats.schema;
  const said = schema ? labelOf(item, schema) : null;
  if (said) Object.assign(p, said);
  p.annotation_count = item.annotation_count;
  p.annotated = item.annotation_count > 0;
  if (p.label !== null && !state.labels.includes(p.label)) {
    // Its color is for the server to say.
    load({ quiet: true });
  }
  if (state.column?.name === "$votes") state.column.values[i] = item.annotation_count;
  tell("look", { item: item.instance_id });
}

// The label by the same rules as the server's: a prediction if there is one and it is asked for, else most votes, the
// label met first among equals.
function labelOf(item, schema) {
  const source = state.view.source ?? state.stats.label_source;
  const prediction = item.predictions?.[schema]?.label;
  if (source === "mace" && prediction !== undefined && prediction !== null) return { label: String(prediction), label_source: "mace" };
  const votes = new Map();
  for (const { scheme, value } of item.annotations) {
    if (scheme !== schema) continue;
    for (const label of Array.isArray(value) ? value : [value]) votes.set(String(label), (votes.get(String(label)) ?? 0) + 1);
  }
  let best = null;
  for (const [label, n] of votes) if (best === null || n > votes.get(best)) best = label;
  return { label: best, label_source: best === null ? null : "majority" };
}

// How many of all items are drawn.
export function shownText() {
  const { visualized_instances: shown, total_instances: total } = state.stats;
  if (!state.points.length) return "";
  return total > shown ? `${count(shown)} of ${count(total)} items` : plural(state.points.length, "item");
}
