// What the page knows, and who wants to hear of changes.
//
// Events: "data" (another map), "look" (colors or labels of the same map), "legend", "hidden", "selection", "open" (another
// item is shown), "reveal" (and is to be seen in the panel), "rings" (points to mark), "annotate" (an item is to be),
// "annotated", "groups", "queue", "models", "schemes", "tab", "theme", "live".

const bus = new EventTarget();
export const on = (type, listener) => bus.addEventListener(type, (e) => listener(e.detail));
export const tell = (type, detail) => bus.dispatchEvent(new CustomEvent(type, { detail }));

export const state = {
  // As the server tells them.
  points: [], labels: [], colors: {}, stats: {}, schemes: [], info: {},
  // Position among `points` by id.
  index: new Map(),
  // What to draw: `method`, `source` and `schema` as asked for (undefined: the server's choice), `column` to color by.
  view: { method: undefined, source: undefined, schema: undefined, column: undefined },
  // Values of `view.column` by point, with name and kind.
  column: null,
  // Ids that are selected, in the order of the map.
  selection: new Set(),
  // Labels that are hidden, as keys of traces.
  hidden: new Set(),
  // Id of the item that is shown, and ids of its neighbors.
  open: null, near: [],
};

export const point = (id) => state.points[state.index.get(id)];

// Replaces the selection, or adds to it, or takes away from it.
export function select(ids, how = "replace") {
  if (how === "replace") state.selection = new Set(ids);
  else for (const id of ids) how === "add" ? state.selection.add(id) : state.selection.delete(id);
  tell("selection");
}

export function toggle(id) {
  select([id], state.selection.has(id) ? "remove" : "add");
}

// Shows an item, or none; in the panel as well unless something else is to stay there.
export function open(id, { stay = false } = {}) {
  state.open = id;
  state.near = [];
  if (id !== null && !stay) tell("reveal");
  tell("open", id);
}
