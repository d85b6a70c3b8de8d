// Groups that wait to be applied. The server keeps them; a change is made here at once and sent after it.

import { get, put } from "./api.js";
import { state, tell } from "./state.js";
import { failed, toast } from "./toast.js";

let draft = { version: 0, groups: [] };
// Changes are sent one after the other, each with the version that the one before it brought.
let sending = Promise.resolve();
let pending = 0;

export const all = () => draft.groups;

function take(answer) {
  const groups = Array.isArray(answer.groups) ? answer.groups : [];
  draft = { version: answer.version, groups: groups.filter((g) => Array.isArray(g?.instance_ids)).map((g) => ({ name: String(g.name ?? ""), instance_ids: g.instance_ids.map(String) })) };
  tell("groups");
}

export async function load() {
  if (pending) return;
  const answer = await get("groups");
  if (!pending && answer.version !== draft.version) take(answer);
}

// Makes a change of the list: `edit` gets it and gives the new one. If somebody else changed the groups meanwhile,
// theirs are taken, and the change is made on top of them if it can be (`again`).
function change(edit, again = false) {
  draft = { ...draft, groups: edit(draft.groups) };
  tell("groups");
  pending++;
  sending = sending.then(async () => {
    try {
      const sent = draft.groups;
      const answer = await put("groups", { version: draft.version, groups: sent });
      draft = { ...draft, version: answer.version };
    } catch (e) {
      if (e.status !== 409) {
        failed(e);
        await restore();
        return;
      }
      await restore();
      if (!again) toast("The groups were changed elsewhere and have been loaded again.");
      else {
        const answer = await put("groups", { version: draft.version, groups: edit(draft.groups) });
        take(answer);
      }
    } finally {
      pending--;
    }
  }).catch(failed);
  return sending;
}

// What the server has, whatever was tried here.
const restore = async () => take(await get("groups"));

function freshName(groups) {
  const names = new Set(groups.map((g) => g.name));
  let n = groups.length + 1;
  while (names.has(`Group ${n}`)) n++;
  return `Group ${n}`;
}

export function add(ids) {
  const instance_ids = [...ids];
  return change((groups) => [...groups, { name: freshName(groups), instance_ids }], true);
}

export const rename = (at, name) => change((groups) => groups.map((g, i) => (i === at ? { ...g, name } : g)));
export const remove = (at) => change((groups) => groups.filter((_, i) => i !== at));
export const clear = () => change(() => []);
export const restoreAll = (groups) => change((now) => [...groups, ...now], true);

export function move(from, to) {
  if (to < 0 || to >= draft.groups.length || from === to) return undefined;
  return change((groups) => {
    const next = [...groups];
    next.splice(to, 0, ...next.splice(from, 1));
    return next;
  });
}

// As the reorder endpoint takes them: priorities from 1 without gaps.
export const selections = () => draft.groups.map((g, i) => ({ instance_ids: g.instance_ids, priority: i + 1 }));
export const sent = () => sending;
export const known = (ids) => ids.filter((id) => state.index.has(id));
