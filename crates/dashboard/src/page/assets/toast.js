// Short messages that come and go.

import { $, make } from "./dom.js";

export function toast(text, seconds = 4) {
  const message = make("div", { dir: "auto" }, text);
  $("toasts").append(message);
  while ($("toasts").childElementCount > 3) $("toasts").firstChild.remove();
  setTimeout(() => message.remove(), seconds * 1000);
}

export function failed(e) {
  if (e.name !== "AbortError") toast(e.message, 7);
}
