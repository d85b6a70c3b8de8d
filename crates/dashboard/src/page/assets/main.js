// Puts the page together.

import { get } from "./api.js";
import { $ } from "./dom.js";
import { load } from "./data.js";
import * as annotate from "./annotate.js";
import * as groups from "./groups.js";
import * as item from "./item.js";
import * as legend from "./legend.js";
import * as live from "./live.js";
import * as look from "./look.js";
import * as map from "./map.js";
import * as progress from "./progress.js";
import * as queue from "./queue.js";
import * as search from "./search.js";
import * as selection from "./selection.js";
import * as settings from "./settings.js";
import * as tabs from "./tabs.js";
import { state, tell } from "./state.js";
import { failed } from "./toast.js";

for (const part of [map, legend, look, search, selection, item, queue, annotate, progress, settings, tabs, live]) part.start();

async function describe() {
  const [info, schemes] = await Promise.all([get("info"), get("schemes")]);
  Object.assign(state, { info, schemes });
  if (info.title) {
    $("title").textContent = info.title;
    document.title = info.title;
  }
  tell("schemes");
}

$("logout").addEventListener("click", async () => {
  try {
    const answer = await fetch("/admin/logout", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}", redirect: "manual" });
    if (answer.type !== "opaqueredirect" && !answer.ok) throw new Error(`The server answered ${answer.status}.`);
    location.assign("/admin");
  } catch (e) {
    failed(e);
  }
});

await Promise.allSettled([load(), describe(), groups.load(), progress.load()].map((p) => p.catch(failed)));
document.documentElement.dataset.started = "";
