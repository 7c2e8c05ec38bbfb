// The timeline: spans with two handles each, which are sliders, a playhead, ticks, and lanes of the
// video's other queries. Times are never cut at the end of the video; what lies behind it is shaded.

import { MIN_SPAN_S, change, desk, rounded, selectSpan, setSpan } from "./state.js";
import { duration, now, onTime, seek } from "./player.js";

const byId = (id) => document.getElementById(id);
const track = byId("track");
const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const MIN_TICK_PX = 56;
const SNAP_PX = 5;
let view = { start: 0, end: 1 };
let isDragging = false;

export const clock = (seconds) => {
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - minutes * 60).toFixed(2);
  return minutes ? `${minutes}:${rest.padStart(5, "0")}` : rest;
};

export const videoEnd = () => duration() ?? desk.item?.duration_s ?? 0;

// All that there is to see: the video, and spans that lie behind its end.
function extent() {
  const ends = (desk.annotation?.spans ?? []).map((span) => span[1]);
  return Math.max(videoEnd(), ...ends, 1);
}

const pixelsPerSecond = () => track.clientWidth / (view.end - view.start);
const share = (seconds) => `${((seconds - view.start) / (view.end - view.start)) * 100}%`;
const secondsAt = (clientX) => {
  const box = track.getBoundingClientRect();
  return view.start + ((clientX - box.left) / box.width) * (view.end - view.start);
};
const within = (seconds, low, high) => Math.min(Math.max(seconds, low), high);

export function fitView() {
  const clip = desk.item?.clip;
  view = { start: 0, end: extent() };
  if (clip) {
    const margin = (clip[1] - clip[0]) * 0.05;
    view = { start: Math.max(0, clip[0] - margin), end: Math.max(clip[1] + margin, ...desk.annotation.spans.map((span) => span[1])) };
  }
  draw();
}

export function zoom(factor) {
  const all = extent();
  const width = within((view.end - view.start) * factor, Math.min(2, all), all);
  const middle = within(now(), view.start, view.end);
  const start = within(middle - ((middle - view.start) / (view.end - view.start)) * width, 0, all - width);
  view = { start, end: start + width };
  draw();
}

function pan(seconds) {
  const width = view.end - view.start;
  const start = within(seconds, 0, Math.max(0, extent() - width));
  if (start === view.start) return false;
  view = { start, end: start + width };
  draw();
  return true;
}

// A part of the timeline turns over like a page when the playhead leaves it.
function follow(seconds) {
  const isOutside = seconds < view.start || seconds > view.end;
  if (isDragging || !isOutside || !pan(seconds - (view.end - view.start) * 0.1)) drawPlayhead(seconds);
}

export function draw() {
  if (!desk.item) return;
  drawTicks();
  drawSpans();
  drawLanes();
  const end = videoEnd();
  const clip = desk.item.clip ?? [0, end];
  place(byId("outside-start"), view.start, Math.min(clip[0], view.end));
  place(byId("outside-end"), Math.max(view.start, end ? Math.min(clip[1], end) : clip[1]), view.end);
  drawPlayhead(now());
}

function place(element, start, end) {
  element.style.left = share(start);
  element.style.width = `calc(${share(end)} - ${share(start)})`;
  element.hidden = end <= start;
}

function drawTicks() {
  const step = STEPS_S.find((seconds) => seconds * pixelsPerSecond() >= MIN_TICK_PX) ?? 7200;
  const ticks = [];
  for (let n = Math.ceil(view.start / step); n * step <= view.end + 1e-9; n += 1) {
    const tick = document.createElement("span");
    tick.textContent = clock(n * step).replace(/\.?0+$/, "") || "0";
    if (n * step >= 60) tick.textContent = clock(n * step).replace(/\.00$/, "");
    tick.style.left = share(n * step);
    ticks.push(tick);
  }
  byId("ticks").replaceChildren(...ticks);
}

function drawPlayhead(seconds) {
  byId("playhead").style.left = share(seconds);
  byId("playhead").hidden = seconds < view.start || seconds > view.end;
  byId("clock").textContent = `${clock(seconds)} / ${clock(videoEnd())}`;
}

// Elements are kept while a span is dragged, or the pointer and the focus would lose theirs.
function drawSpans() {
  const isNowhere = desk.annotation.relevant === false;
  const spans = isNowhere ? [] : desk.annotation.spans;
  track.dataset.none = String(isNowhere);
  const box = byId("spans");
  while (box.children.length > spans.length) box.lastChild.remove();
  while (box.children.length < spans.length) box.append(newSpan(box.children.length));
  spans.forEach((span, index) => {
    const element = box.children[index];
    place(element, span[0], span[1]);
    element.hidden = span[1] < view.start || span[0] > view.end;
    element.classList.toggle("selected", index === desk.selected);
    element.classList.toggle("past", videoEnd() > 0 && span[1] > videoEnd() + 0.01);
    const [from, to] = element.querySelectorAll("[role=slider]");
    describe(from, span[0], 0, span[1] - MIN_SPAN_S);
    describe(to, span[1], span[0] + MIN_SPAN_S, extent());
  });
}

function describe(handle, value, low, high) {
  handle.setAttribute("aria-valuemin", rounded(low));
  handle.setAttribute("aria-valuemax", rounded(high));
  handle.setAttribute("aria-valuenow", value);
  handle.setAttribute("aria-valuetext", `${clock(value)} seconds`);
}

function newSpan(index) {
  const element = document.createElement("div");
  element.className = "span";
  element.append(newHandle(index, 0), newHandle(index, 1));
  element.addEventListener("pointerdown", (event) => beginDrag(event, index, "all"));
  return element;
}

function newHandle(index, edge) {
  const handle = document.createElement("div");
  handle.className = `handle ${edge ? "to" : "from"}`;
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-label", `${edge ? "End" : "Start"} of span ${index + 1}`);
  handle.tabIndex = 0;
  handle.addEventListener("pointerdown", (event) => beginDrag(event, index, edge));
  handle.addEventListener("keydown", (event) => moveByKey(event, index, edge));
  handle.addEventListener("focus", () => selectSpan(index));
  return handle;
}

function beginDrag(event, index, part) {
  if (event.button !== 0) return;
  event.stopPropagation();
  event.preventDefault();
  selectSpan(index);
  const target = event.currentTarget;
  target.focus?.();
  target.setPointerCapture(event.pointerId);
  const began = { at: secondsAt(event.clientX), span: desk.annotation.spans[index] };
  let isMoved = false;
  isDragging = true;
  const name = `drag ${performance.now()}`;
  const move = (moved) => {
    if (!isMoved && Math.abs(moved.clientX - event.clientX) < 2) return;
    isMoved = true;
    const span = dragged(began.span, part, secondsAt(moved.clientX) - began.at);
    setSpan(index, span, { name, settled: false });
    seek(part === 1 ? span[1] : span[0]);
  };
  const end = () => {
    isDragging = false;
    for (const [kind, listener] of listeners) target.removeEventListener(kind, listener);
    if (isMoved) change({ spans: desk.annotation.spans }, { name });
    else if (part === "all") seek(began.at);
  };
  const listeners = [["pointermove", move], ["pointerup", end], ["pointercancel", end]];
  for (const [kind, listener] of listeners) target.addEventListener(kind, listener);
}

function dragged([start, end], part, by) {
  const last = extent();
  if (part === 0) return [within(snapped(start + by), 0, end - MIN_SPAN_S), end];
  if (part === 1) return [start, within(snapped(end + by), start + MIN_SPAN_S, last)];
  const moved = within(start + by, 0, Math.max(0, last - (end - start)));
  return [moved, moved + (end - start)];
}

// A handle near an end of the video or of its clip takes that place.
function snapped(seconds) {
  const reach = SNAP_PX / pixelsPerSecond();
  const near = [0, videoEnd(), ...(desk.item.clip ?? [])].find((one) => Math.abs(one - seconds) < reach);
  return near ?? seconds;
}

const KEY_STEPS_S = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -1, PageUp: 1 };

function moveByKey(event, index, edge) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const span = desk.annotation.spans[index];
  const limits = edge ? [span[0] + MIN_SPAN_S, extent()] : [0, span[1] - MIN_SPAN_S];
  let seconds;
  if (event.key in KEY_STEPS_S) seconds = span[edge] + KEY_STEPS_S[event.key] * (event.shiftKey ? 10 : 1);
  else if (event.key === "Home") seconds = limits[0];
  else if (event.key === "End") seconds = limits[1];
  else return;
  event.preventDefault();
  event.stopPropagation();
  const moved = [...span];
  moved[edge] = within(seconds, ...limits);
  setSpan(index, moved, { name: `key ${index} ${edge}` });
  seek(moved[edge]);
}

function drawLanes() {
  const lanes = desk.item.others.flatMap((other) =>
    other.spans.map((span) => {
      const lane = document.createElement("span");
      lane.title = other.text;
      place(lane, span[0], span[1]);
      return lane;
    }),
  );
  byId("lanes").replaceChildren(...lanes);
  byId("lanes").hidden = !lanes.length;
}

export function bindTimeline() {
  onTime(follow);
  new ResizeObserver(draw).observe(track);
  track.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || isDragging) return;
    track.setPointerCapture(event.pointerId);
    const follow = (moved) => seek(within(secondsAt(moved.clientX), 0, extent()));
    follow(event);
    track.addEventListener("pointermove", follow);
    const stop = () => track.removeEventListener("pointermove", follow);
    track.addEventListener("pointerup", stop, { once: true });
    track.addEventListener("pointercancel", stop, { once: true });
  });
  track.addEventListener("wheel", (event) => {
    const by = (event.deltaX || event.deltaY) / pixelsPerSecond();
    if (event.ctrlKey) zoom(event.deltaY > 0 ? 1.25 : 0.8);
    else if (!pan(view.start + by)) return;
    event.preventDefault();
  }, { passive: false });
}
