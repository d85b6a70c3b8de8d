// Requests to the server.

import { tell } from "./state.js";

// What the server refused, or that it could not be reached (status 0).
export class Failure extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// The answer as `{ status, body, etag }`. Refusals are thrown; 202 and 304 are answers.
export async function request(path, { method = "GET", body, etag, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-None-Match"] = etag;
  const init = { method, headers, signal, cache: "no-store", credentials: "same-origin" };
  if (body !== undefined) init.body = JSON.stringify(body);
  for (let attempt = 0; ; attempt++) {
    let response;
    try {
      response = await fetch(`/admin/api/${path}`, init);
    } catch (e) {
      if (e.name === "AbortError") throw e;
      throw new Failure(0, "The server cannot be reached.");
    }
    // Asked for too much: reading again is harmless.
    if (response.status === 429 && method === "GET" && attempt < 3) {
      const after = Number(response.headers.get("Retry-After"));
      await pause(1000 * Math.min(Number.isFinite(after) && after > 0 ? after : 1 + attempt, 10));
      continue;
    }
    if (response.status === 304) return { status: 304 };
    const answer = await response.json().catch(() => null);
    if (response.status === 403 && answer?.error === "Admin access required") tell("live", "out");
    if (!response.ok) {
      throw new Failure(response.status, String(answer?.error ?? `The server answered ${response.status}.`), answer);
    }
    return { status: response.status, body: answer, etag: response.headers.get("ETag") };
  }
}

export const get = async (path, options) => (await request(path, options)).body;
export const post = async (path, body = {}) => (await request(path, { method: "POST", body })).body;
export const put = async (path, body) => (await request(path, { method: "PUT", body })).body;

export const query = (values) => {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined && value !== null) q.set(name, value);
  return q.size ? `?${q}` : "";
};
