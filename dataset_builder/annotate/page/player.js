// The video and its buttons. A seek waits for the one before, so that dragging shows frames.

import { videoAddress } from "./server.js";

const byId = (id) => document.getElementById(id);
const video = byId("video");
const message = byId("video-message");
const FRAME_S = 1 / 25;
const listeners = new Set();
let wanted = null;
let asked = null;
let row = null;
let isCopy = false;
let loopOf = () => null;

export const onTime = (listener) => listeners.add(listener);
export const now = () => wanted ?? video.currentTime;
export const duration = () => (Number.isFinite(video.duration) ? video.duration : null);
export const loopWithin = (spanOf) => {
  loopOf = spanOf;
};

export function openVideo(item) {
  row = item.id;
  isCopy = false;
  wanted = asked = null;
  say("");
  video.src = videoAddress(row, false);
  video.defaultPlaybackRate = Number(byId("speed").value);
}

export function toggle() {
  if (video.paused) video.play().catch(() => {});
  else video.pause();
}

export function seek(seconds) {
  const end = duration();
  const target = Math.max(0, end === null ? seconds : Math.min(seconds, end));
  wanted = target;
  if (!video.seeking) video.currentTime = asked = target;
  tellTime();
}

export const step = (seconds) => seek(now() + seconds);
export const stepFrames = (n) => {
  video.pause();
  step(n * FRAME_S);
};

export function playSpan([start, end]) {
  const last = duration() ?? end;
  seek(Math.min(start, Math.max(0, last - 0.1)));
  video.play().catch(() => {});
}

function tellTime() {
  for (const listener of listeners) listener(now());
}

function follow() {
  tellTime();
  const span = byId("loop").checked ? loopOf() : null;
  if (span && !video.paused && span[1] - span[0] > FRAME_S && video.currentTime >= span[1]) seek(span[0]);
  if (!video.paused) requestAnimationFrame(follow);
}

function say(text) {
  message.textContent = text;
  message.hidden = !text;
}

function showPlaying() {
  const button = byId("play");
  button.textContent = video.paused ? "▶" : "❚❚";
  button.setAttribute("aria-label", video.paused ? "Play" : "Pause");
}

export function bindPlayer() {
  video.addEventListener("play", () => {
    showPlaying();
    follow();
  });
  video.addEventListener("pause", showPlaying);
  video.addEventListener("seeked", () => {
    if (wanted !== null && wanted !== asked) video.currentTime = asked = wanted;
    else wanted = asked = null;
    tellTime();
  });
  video.addEventListener("timeupdate", tellTime);
  video.addEventListener("loadedmetadata", () => {
    say("");
    tellTime();
  });
  video.addEventListener("ended", () => {
    const span = byId("loop").checked ? loopOf() : null;
    if (span) playSpan(span);
  });
  video.addEventListener("error", tryCopy);
  video.addEventListener("click", toggle);
  byId("play").addEventListener("click", toggle);
  byId("frame-back").addEventListener("click", () => stepFrames(-1));
  byId("frame-on").addEventListener("click", () => stepFrames(1));
  byId("mute").addEventListener("change", (event) => {
    video.muted = event.target.checked;
  });
  byId("speed").addEventListener("change", (event) => {
    video.playbackRate = video.defaultPlaybackRate = Number(event.target.value);
  });
}

// Many containers of older data sets are unknown to browsers; the server makes a copy of those.
async function tryCopy() {
  if (isCopy) {
    say(await reason());
    return;
  }
  isCopy = true;
  say("Making a copy that browsers play…");
  video.src = videoAddress(row, true);
}

async function reason() {
  const answer = await fetch(videoAddress(row, true), { headers: { Range: "bytes=0-0" } }).catch(() => null);
  if (!answer) return "The server does not answer.";
  if (answer.ok) return "This browser cannot play the video.";
  return answer.json().then((body) => body.error, () => "The video cannot be shown.");
}
