// The video with its timeline, and what to do where there is no video to show.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const SAYS = {
    none: (query) => `This site does not hold ${query.video}. Choose the folder that holds the videos of this task; they stay on this machine.`,
    unplayable: (query) => `The browser cannot play ${query.video} of the chosen folder.`,
    lost: (query) => `${query.video} is not where this site keeps its videos. Choose a folder that holds it.`,
    unseekable: () => "The host of this site does not answer requests for a part of a file, so the video plays from its beginning only; rarft-leaderboard serve does.",
  };

  class SampleVideo {
    constructor() {
      this.query = null;
      this.note = make("p", { class: "video-note", role: "status" });
      this.video = make("video", { controls: "", preload: "metadata", playsinline: "", "aria-label": "The video of the query" });
      this.video.muted = true;
      this.folder = make("input", { type: "file", webkitdirectory: "", multiple: "", id: "folder" });
      this.folder.addEventListener("change", () => this.pick());
      this.clock = make("output", { class: "clock" });
      this.timeline = new rarft.timeline.Timeline({ onSeek: (seconds) => this.player.seek(seconds), now: () => this.player.now() });
      this.player = new rarft.player.Player(this.video, { onTime: (seconds) => this.tell(seconds), onState: (state) => this.state(state) });
      this.element = make("div", { class: "sample-video" }, this.video, this.note,
        make("p", { class: "folder" }, make("label", { for: "folder" }, "Folder of videos "), this.folder), this.timeline.element, this.clock);
    }

    pick() {
      const count = this.player.useFiles([...this.folder.files]);
      this.player.show(this.query, this.player.now());
      if (this.player.kind === "none") this.note.textContent = `${count} videos are in the folder, ${this.query.video} is not among them.`;
    }

    show(query, lanes, at_s) {
      this.query = query;
      this.lanes = lanes;
      this.timeline.show(lanes, query.duration_s);
      this.player.show(query, at_s);
    }

    state(kind) {
      this.video.hidden = kind !== "loading" && kind !== "ready" && kind !== "unseekable";
      this.note.textContent = Object.hasOwn(SAYS, kind) ? SAYS[kind](this.query) : "";
      this.note.hidden = !this.note.textContent;
      if (kind === "ready" || kind === "unseekable") this.timeline.setDuration(this.player.duration() || this.query.duration_s);
    }

    tell(seconds) {
      this.timeline.setTime(seconds);
      const end_s = this.player.duration() || (this.query && this.query.duration_s);
      this.clock.textContent = end_s ? `${rarft.timeline.clock(seconds)} of ${rarft.timeline.clock(end_s)} s` : `${rarft.timeline.clock(seconds)} s`;
    }
  }

  rarft.sampleVideo = { SampleVideo };
})((window.rarft = window.rarft || {}));
