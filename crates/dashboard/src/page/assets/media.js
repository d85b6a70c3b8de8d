// Images, sounds and films of items. Only addresses that cannot run anything are followed.

import { clip, longText, make } from "./dom.js";

const DATA = { image: /^data:image\//i, audio: /^data:audio\//i, video: /^data:video\//i };

// The address of a medium, or null: http and https, data of its own kind, and paths, which the server looks up below
// its folder of media.
export function address(value, kind) {
  const text = String(value).trim();
  if (text === "" || text.length > 5_000_000) return null;
  if (DATA[kind]?.test(text)) return text;
  if (/^https?:\/\//i.test(text)) {
    try {
      return new URL(text).href;
    } catch {
      return null;
    }
  }
  // Any other scheme, or an address without one that leaves the server.
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) || /^[\\/]{2}/.test(text) || text.includes("\\")) return null;
  const parts = text.replace(/^\/media\//, "").split("/").filter((p) => p !== "" && p !== ".");
  if (!parts.length || parts.includes("..")) return null;
  return `/media/${parts.map(encodeURIComponent).join("/")}`;
}

// An element for what `type` says it is; text if it is none of the three, or has no address to follow.
export function media(type, value, { small = false } = {}) {
  const at = ["image", "audio", "video"].includes(type) ? address(value, type) : null;
  if (at === null) return small ? [clip(String(value), 300)] : longText(value, 5000);
  const gone = () => shown.replaceWith(make("p", { class: "hint", dir: "auto" }, `This ${type} could not be loaded: ${clip(String(value), 300)}`));
  const shown = type === "image"
    ? make("img", { src: at, alt: clip(String(value), 120), referrerpolicy: "no-referrer", decoding: "async" })
    : make(type, { src: at, controls: true, preload: "metadata" });
  shown.addEventListener("error", gone);
  return [shown];
}

// A link, if a value is nothing but an address of the web.
export function linked(value) {
  if (typeof value !== "string" || value.length > 2000 || !/^https?:\/\/\S+$/i.test(value)) return null;
  try {
    return make("a", { href: new URL(value).href, target: "_blank", rel: "noopener noreferrer" }, value);
  } catch {
    return null;
  }
}
