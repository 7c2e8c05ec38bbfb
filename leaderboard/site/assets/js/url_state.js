// What is shown, kept behind the # of the address, so that a link shows the same.
"use strict";

(function (rarft) {
  const MAX_LENGTH = 4000;

  /**
   * Return the state that an address holds: text by name, with no prototype.
   * @param {string} [hash]
   * @returns {Object<string, string>}
   */
  function read(hash = location.hash) {
    const state = Object.create(null);
    for (const [name, value] of new URLSearchParams(hash.replace(/^#/, "").slice(0, MAX_LENGTH))) state[name] = value;
    return state;
  }

  /** Return the part of an address behind the page; empty values are left out. */
  function written(state) {
    const kept = Object.entries(state).filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false);
    // Commas, colons and slashes are plain enough to stay readable.
    const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString()
      .replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%2F/g, "/").replace(/%40/g, "@");
    return text ? `#${text}` : "#";
  }

  const callbacks = [];
  let last = location.hash;

  function told() {
    if (location.hash === last) return;
    last = location.hash;
    for (const callback of callbacks) callback(read());
  }

  /**
   * Put a state into the address and tell those who wait for its changes.
   * @param {Object<string, any>} state
   * @param {{push?: boolean}} [options]  push: the browser's back returns to the state before
   */
  function write(state, { push = false } = {}) {
    const to = written(state);
    if (push) history.pushState(null, "", to);
    else history.replaceState(null, "", to);
    told();
  }

  /** Call back with the state whenever it changes: by `write`, by back and forth, by the address line. */
  function onChange(callback) {
    callbacks.push(callback);
  }

  window.addEventListener("hashchange", told);
  window.addEventListener("popstate", told);

  const list = (text) => (text ? text.split(",").filter(Boolean) : []);

  rarft.urlState = { read, write, written, onChange, list };
})((window.rarft = window.rarft || {}));
