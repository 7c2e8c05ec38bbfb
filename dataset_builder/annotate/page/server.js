// Requests to the server; an answer that is no success becomes an error with its status.

async function ask(path, options = {}) {
  const answer = await fetch(path, { credentials: "same-origin", ...options });
  if (answer.ok) return answer.json();
  const text = await answer.text();
  let message = text;
  try {
    message = JSON.parse(text).error ?? text;
  } catch {
    // Errors of the server itself are plain text.
  }
  throw Object.assign(new Error(message), { status: answer.status });
}

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));

const send = (path, method, body, keepalive = false) =>
  ask(path, { method, keepalive, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const fetchSession = (annotator) => ask(`/api/session?${query({ annotator: annotator || null })}`);
export const fetchQueue = (values) => ask(`/api/queue?${query(values)}`);
export const fetchItem = (id, annotator) => ask(`/api/item?${query({ id, annotator })}`);
export const fetchAgreement = () => ask("/api/agreement");
export const addRow = (id, annotator) => send("/api/items", "POST", { id, annotator });
export const putAnnotation = (body, keepalive) => send("/api/annotation", "PUT", body, keepalive);
export const videoAddress = (id, playable) => `/video?${query({ id, playable: playable ? 1 : null })}`;
