// The site's data. A script tag loads each file, as a page on file:// may not fetch; the file calls
// rarft.receive with its key.
"use strict";

(function (rarft) {
  const SCHEMA_VERSION = 1;
  const PART = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
  /** @type {Map<string, any>} */
  const received = new Map();
  /** @type {Map<string, Promise<any>>} */
  const asked = new Map();

  const PATHS = {
    board: () => "board",
    slices: (task) => `slices/${task}`,
    entry: (id) => `entries/${id}`,
    samples: (id, task, chunk) => `samples/${id}/${task}.${chunk}`,
    queries: (task, chunk) => `queries/${task}.${chunk}`,
    compare: (a, b) => `compare/${a}..${b}`,
  };

  /**
   * Return the file of a key below the site, such as data/queries/synth_hi.0.js.
   * @param {string} key
   * @returns {string}
   */
  function pathOf(key) {
    const [kind, ...parts] = String(key).split(":");
    const path = Object.hasOwn(PATHS, kind) ? PATHS[kind] : null;
    if (!path || path.length !== parts.length || !parts.every((part) => PART.test(part) && !part.includes(".."))) {
      throw new Error(`got the address of no data: ${String(key).slice(0, 80)}`);
    }
    return `data/${path(...parts)}.js`;
  }

  /** Take what a data file holds; called by the files alone. */
  rarft.receive = (key, value) => received.set(key, value);

  function checked(key, path) {
    const value = received.get(key);
    if (value === undefined) throw new Error(`${path} does not hold ${key}; build the site again`);
    if (value.schema_version !== SCHEMA_VERSION) {
      throw new Error(`${path} has schema version ${value.schema_version}, these pages read ${SCHEMA_VERSION}; build the site again`);
    }
    return value;
  }

  function addScript(path) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = path;
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => reject(new Error(`${path} is not there`)));
      document.head.appendChild(script);
    });
  }

  /**
   * Load what a key names, once.
   * @param {string} key  such as "board" or "entry:tiny_rarft"
   * @returns {Promise<any>}  rejected with one line for the reader
   */
  function load(key) {
    if (!asked.has(key)) {
      asked.set(key, (async () => {
        const path = pathOf(key);
        if (!received.has(key)) await addScript(path);
        return checked(key, path);
      })());
    }
    return asked.get(key);
  }

  /** Return the key of the comparison of two rows, in whichever order they are named. */
  const compareKey = (a, b) => (a < b ? `compare:${a}:${b}` : `compare:${b}:${a}`);

  rarft.store = { load, pathOf, compareKey, SCHEMA_VERSION };
})((window.rarft = window.rarft || {}));
