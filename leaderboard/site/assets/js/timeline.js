// The timeline under a video: a lane for the reference and one for each entry. It is one slider, which a
// click, a drag and the keys move. Spans are drawn where they are, also behind the end of the video.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200];
  const MIN_TICK_PX = 56;
  // A span far behind the end does not squeeze the video into a corner.
  const MAX_BEYOND = 3;

  // 4.5, 1:04.5: minutes stand before a colon where there are any.
  function clock(seconds) {
    const hundredths = Math.round(Math.abs(seconds) * 100);
    const minutes = Math.floor(hundredths / 6000);
    const rest = String((hundredths % 6000) / 100);
    const padded = minutes && rest.split(".")[0].length < 2 ? `0${rest}` : rest;
    return `${seconds < 0 ? "-" : ""}${minutes ? `${minutes}:` : ""}${padded}`;
  }

  const isSpan = (span) => Array.isArray(span) && Number.isFinite(span[0]) && Number.isFinite(span[1]);
  const written = ([start_s, end_s]) => `${clock(start_s)}–${clock(end_s)}${Math.abs(end_s) < 60 ? " s" : ""}`;
  const writtenAll = (spans) => spans.filter(isSpan).map(written).join(", ");

  // How many seconds the timeline shows.
  function extentOf(lanes, duration_s) {
    const ends = lanes.flatMap((lane) => lane.spans.filter(isSpan).map((span) => span[1]));
    const longest = Math.max(duration_s || 0, ...ends, 1);
    return duration_s > 0 ? Math.min(longest, duration_s * MAX_BEYOND) : longest;
  }

  class Timeline {
    constructor({ onSeek, now }) {
      this.onSeek = onSeek;
      this.now = now;
      this.lanes = [];
      this.duration_s = 0;
      this.extent_s = 1;
      this.rows = make("div", { class: "lanes" });
      this.playhead = make("div", { class: "playhead" });
      this.beyond = make("div", { class: "beyond" });
      this.ticks = make("div", { class: "ticks" });
      this.slider = make("div", {
        class: "timeline-track", role: "slider", tabindex: "0", "aria-label": "Position in the video",
        "aria-valuemin": "0",
      }, this.rows, this.beyond, this.playhead);
      this.element = make("div", { class: "timeline" }, this.slider, this.ticks);
      this.slider.addEventListener("pointerdown", (event) => this.drag(event));
      this.slider.addEventListener("keydown", (event) => this.key(event));
      new ResizeObserver(() => this.drawTicks()).observe(this.element);
    }

    // lanes: [{label, detail, series, spans}]; series 0 is the reference.
    show(lanes, duration_s) {
      this.lanes = lanes;
      this.setDuration(duration_s);
    }

    setDuration(duration_s) {
      this.duration_s = duration_s || 0;
      this.extent_s = extentOf(this.lanes, this.duration_s);
      this.rows.replaceChildren(...this.lanes.map((lane) => this.lane(lane)));
      this.place(this.beyond, this.duration_s || this.extent_s, this.extent_s);
      this.slider.setAttribute("aria-valuemax", this.extent_s.toFixed(2));
      this.drawTicks();
      this.setTime(this.now());
    }

    lane({ label, detail, series, spans }) {
      const strip = make("div", { class: "lane-strip" });
      for (const span of spans.filter(isSpan)) {
        const bar = make("div", { class: `lane-span series-${series}`, title: `${label}: ${written(span)}` });
        bar.classList.toggle("past-end", span[1] > this.extent_s || span[0] < 0);
        this.place(bar, span[0], span[1]);
        strip.append(bar);
      }
      const name = make("div", { class: "lane-label" }, make("b", {}, make("bdi", {}, label)), " ", make("span", {}, detail));
      return make("div", { class: "lane" }, name, strip);
    }

    // Placed through the object model, which the policy against inline styles allows.
    place(element, start_s, end_s) {
      const from = Math.min(Math.max(start_s / this.extent_s, 0), 1);
      const to = Math.min(Math.max(end_s / this.extent_s, from), 1);
      element.style.left = `${from * 100}%`;
      element.style.width = `${(to - from) * 100}%`;
    }

    setTime(seconds) {
      const share = Math.min(Math.max(seconds / this.extent_s, 0), 1);
      this.playhead.style.left = `${share * 100}%`;
      this.slider.setAttribute("aria-valuenow", Math.min(Math.max(seconds, 0), this.extent_s).toFixed(2));
      const end = this.duration_s ? ` of ${clock(this.duration_s)}` : "";
      this.slider.setAttribute("aria-valuetext", `${clock(seconds)}${end} seconds`);
    }

    drawTicks() {
      const width = this.slider.clientWidth || 1;
      const step = STEPS_S.find((one) => (one / this.extent_s) * width >= MIN_TICK_PX) || this.extent_s / 4;
      const ticks = [];
      for (let n = 0; n * step <= this.extent_s + 1e-9 && n < 100; n += 1) {
        const tick = make("span", {}, clock(n * step));
        tick.style.left = `${((n * step) / this.extent_s) * 100}%`;
        tick.classList.toggle("last", n * step >= this.extent_s);
        ticks.push(tick);
      }
      this.ticks.replaceChildren(...ticks);
    }

    secondsAt(clientX) {
      const box = this.slider.getBoundingClientRect();
      return Math.min(Math.max((clientX - box.left) / box.width, 0), 1) * this.extent_s;
    }

    drag(event) {
      if (event.button !== 0) return;
      event.preventDefault();
      this.slider.focus();
      this.slider.setPointerCapture(event.pointerId);
      const move = (moved) => this.onSeek(this.secondsAt(moved.clientX));
      const end = () => {
        this.slider.removeEventListener("pointermove", move);
        this.slider.removeEventListener("pointerup", end);
        this.slider.removeEventListener("pointercancel", end);
      };
      this.slider.addEventListener("pointermove", move);
      this.slider.addEventListener("pointerup", end);
      this.slider.addEventListener("pointercancel", end);
      move(event);
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const small = event.shiftKey ? 0.1 : 0.5;
      const to = {
        ArrowLeft: this.now() - small, ArrowDown: this.now() - small, ArrowRight: this.now() + small,
        ArrowUp: this.now() + small, PageDown: this.now() - this.extent_s / 10, PageUp: this.now() + this.extent_s / 10,
        Home: 0, End: this.duration_s || this.extent_s,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.onSeek(Math.min(Math.max(to, 0), this.extent_s));
    }
  }

  rarft.timeline = { Timeline, clock, written, writtenAll, isSpan, extentOf };
})((window.rarft = window.rarft || {}));
