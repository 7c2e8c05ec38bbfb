// The video of a query: a file of the folder that the user picked, else one that the site ships, else none.
// Without one there is still a time, so that the timeline can be read.
"use strict";

(function (rarft) {
  const nameOf = (path) => String(path).split(/[\\/]/).pop();
  const stemOf = (name) => name.replace(/\.[^.]{1,5}$/, "");

  // Files by base name, and by base name without its suffix for those kept in another container.
  function indexFiles(files) {
    const index = { byName: new Map(), byStem: new Map(), count: 0 };
    for (const file of files) {
      if (!/\.(mp4|m4v|webm|mkv|mov|avi|ogv|ts)$/i.test(file.name)) continue;
      index.count += 1;
      index.byName.set(file.name, file);
      index.byStem.set(stemOf(file.name), file);
    }
    return index;
  }

  function fileFor(index, video) {
    const name = nameOf(video);
    return index.byName.get(name) || index.byStem.get(stemOf(name)) || index.byStem.get(name) || null;
  }

  // An address within the site's own videos, or null: what data says is not believed.
  function shipped(file) {
    if (typeof file !== "string" || !/^videos\/[^\\:?#%]+$/.test(file)) return null;
    const parts = file.split("/");
    if (parts.some((part) => part === "" || part === "." || part === "..")) return null;
    return parts.map(encodeURIComponent).join("/");
  }

  class Player {
    constructor(video, { onTime, onState }) {
      this.video = video;
      this.index = indexFiles([]);
      this.onTime = onTime;
      this.onState = onState;
      this.objectUrl = "";
      this.source = "";
      this.still_s = 0;
      this.until_s = null;
      this.wanted_s = null;
      video.addEventListener("loadedmetadata", () => this.loaded());
      video.addEventListener("error", () => this.source && this.failed());
      for (const kind of ["seeking", "seeked", "pause", "ended"]) video.addEventListener(kind, () => this.tick());
      video.addEventListener("play", () => this.follow());
    }

    useFiles(files) {
      this.index = indexFiles(files);
      return this.index.count;
    }

    get kind() {
      return this.source ? (this.objectUrl ? "picked" : "shipped") : "none";
    }

    // Shows the video of a query at a time; nothing is loaded again when it is the same file.
    show(query, at_s) {
      const picked = fileFor(this.index, query.video || "");
      const address = picked ? null : shipped(query.file);
      this.until_s = null;
      this.still_s = at_s;
      this.wanted_s = at_s;
      const source = picked ? `picked:${query.video}:${picked.size}:${picked.lastModified}` : address || "";
      if (source === this.source && source) return void this.seek(at_s);
      this.release();
      this.source = source;
      if (picked) this.objectUrl = URL.createObjectURL(picked);
      if (source) this.video.src = this.objectUrl || address;
      this.onState(source ? "loading" : "none");
      this.onTime(at_s);
    }

    release() {
      this.video.pause();
      if (this.source) {
        this.source = "";
        this.video.removeAttribute("src");
        this.video.load();
      }
      if (this.objectUrl) URL.revokeObjectURL(this.objectUrl);
      this.objectUrl = "";
    }

    loaded() {
      if (this.wanted_s !== null) this.video.currentTime = this.wanted_s;
      this.wanted_s = null;
      const { seekable } = this.video;
      const isSeekable = seekable.length > 0 && seekable.end(seekable.length - 1) > 0;
      this.onState(isSeekable ? "ready" : "unseekable");
      this.tick();
    }

    failed() {
      this.onState(this.objectUrl ? "unplayable" : "lost");
      this.release();
    }

    get isReady() {
      return Boolean(this.source) && this.video.readyState >= 1;
    }

    now() {
      return this.isReady ? this.video.currentTime : this.still_s;
    }

    duration() {
      return this.isReady && Number.isFinite(this.video.duration) ? this.video.duration : null;
    }

    seek(to_s) {
      const last = this.duration();
      const seconds = Math.max(0, last === null ? to_s : Math.min(to_s, last));
      this.still_s = seconds;
      this.until_s = null;
      if (this.isReady) this.video.currentTime = seconds;
      else this.wanted_s = seconds;
      this.onTime(seconds);
    }

    step(by_s) {
      this.seek(this.now() + by_s);
    }

    toggle() {
      if (!this.source) return;
      if (this.video.paused) this.play();
      else this.video.pause();
    }

    play() {
      // A refusal to play is shown by the player's own controls.
      this.video.play().catch(() => this.tick());
    }

    playSpan([start_s, end_s]) {
      this.seek(start_s);
      if (!this.source) return;
      this.until_s = end_s;
      this.play();
    }

    tick() {
      this.still_s = this.now();
      this.onTime(this.still_s);
    }

    // While it plays, the time is read once a frame.
    follow() {
      const frame = () => {
        if (this.until_s !== null && this.video.currentTime >= this.until_s) {
          this.until_s = null;
          this.video.pause();
        }
        this.tick();
        if (!this.video.paused && !this.video.ended) requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    }
  }

  rarft.player = { Player, indexFiles, fileFor, shipped };
})((window.rarft = window.rarft || {}));
