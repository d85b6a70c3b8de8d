// The card beside the pointer.

import { $, clip, columnName, make, plural, textOf } from "./dom.js";
import { media } from "./media.js";

const card = $("card");

export function show(p, event, value) {
  if (!p) return;
  const image = p.preview_type === "image";
  card.replaceChildren(
    make("div", { class: "head" }, make("bdi", { class: "id" }, clip(p.instance_id, 60))),
    image ? make("div", {}, media("image", p.preview, { small: true })) : make("p", { dir: "auto" }, clip(p.preview, 300)),
    make("small", {}, p.label === null || p.label === undefined
      ? (p.annotated ? plural(p.annotation_count, "annotation") : "Not yet annotated")
      : ["Label: ", make("bdi", {}, clip(p.label, 60)), p.annotation_count ? ` · ${plural(p.annotation_count, "annotation")}` : ""]),
    value ? make("small", { class: "value" }, make("bdi", {}, `${clip(columnName(value[0]), 40)}: ${clip(textOf(value[1]) || "–", 80)}`)) : "",
  );
  card.hidden = false;
  const box = $("canvas").getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const left = x + 16 + card.offsetWidth > box.width ? x - 16 - card.offsetWidth : x + 16;
  const top = Math.min(y + 12, box.height - card.offsetHeight - 8);
  card.style.left = `${Math.max(8, left)}px`;
  card.style.top = `${Math.max(8, top)}px`;
}

export function hide() {
  card.hidden = true;
}
