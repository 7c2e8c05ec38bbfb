// Every change goes to the server by itself, and is called saved when the server has it on disk.
// What could not be sent is kept and tried again, the newest state of each row.

import { putAnnotation } from "./server.js";

const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const versions = new Map();
const waiting = new Map();
let timer = 0;
let draining = null;
let failures = 0;
let report = () => {};
let conflict = () => {};

// `onState(state, message)` is told "saving", "saved", "failed" or "refused"; `onConflict(id)` that
// a row was saved from another window.
export function watchSaving(onState, onConflict) {
  report = onState;
  conflict = onConflict;
}

export function knowVersion(id, version) {
  if (!waiting.has(id)) versions.set(id, version);
}

export function save(annotator, id, annotation, delayMs) {
  waiting.set(id, { annotator, annotation });
  report("saving");
  clearTimeout(timer);
  timer = setTimeout(drain, delayMs);
}

export function flush() {
  clearTimeout(timer);
  return drain();
}

export const isSaved = () => !waiting.size && !draining;

function drain() {
  draining ??= sendAll().finally(() => {
    draining = null;
  });
  return draining;
}

async function sendAll() {
  let isRefused = false;
  while (waiting.size) {
    const [id, { annotator, annotation }] = waiting.entries().next().value;
    waiting.delete(id);
    try {
      const body = { id, annotator, version: versions.get(id) ?? 0, annotation };
      versions.set(id, (await putAnnotation(body)).version);
      failures = 0;
    } catch (error) {
      if (error.status === 409) {
        waiting.delete(id);
        conflict(id);
      } else if (error.status === 400 || error.status === 404) {
        isRefused = true;
        report("refused", error.message);
      } else {
        if (!waiting.has(id)) waiting.set(id, { annotator, annotation });
        tryAgain(error);
        return;
      }
    }
  }
  if (!isRefused) report("saved");
}

function tryAgain(error) {
  const delayMs = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
  failures += 1;
  report("failed", error.status ? error.message : "the server does not answer");
  clearTimeout(timer);
  timer = setTimeout(drain, delayMs);
}

// A page that is closed may still send a last request.
addEventListener("pagehide", () => {
  for (const [id, { annotator, annotation }] of waiting) {
    putAnnotation({ id, annotator, version: versions.get(id) ?? 0, annotation }, true).catch(() => {});
  }
});

addEventListener("beforeunload", (event) => {
  if (!isSaved()) event.preventDefault();
});
