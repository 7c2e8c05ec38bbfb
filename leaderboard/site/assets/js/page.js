// A page whose content follows from its address: drawn again whenever the address changes, one drawing
// after the other. A page that cannot be drawn says so in words.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;

  const main = () => rarft.dom.find("main");

  function missing(kind, id, entries) {
    document.title = "Not here · rarft leaderboard";
    return [
      make("h1", {}, id ? "No such row" : "Which row?"),
      make("p", {}, id ? "The address names a row that this site does not hold. It holds these:" : "This site holds these rows:"),
      make("ul", {}, ...entries.map((entry) => make("li", { dir: "auto" }, make("a", { href: rarft.shell.entryLink(entry.id) }, entry.name)))),
    ];
  }

  // Calls `render` with the state of the address; an array of elements replaces the content of the page.
  function start(render) {
    let last = Promise.resolve();
    const draw = async () => {
      try {
        const shown = await render(rarft.urlState.read());
        if (shown) rarft.dom.fill(main(), shown);
      } catch (problem) {
        rarft.shell.showProblem(main(), problem);
      }
      main().removeAttribute("aria-busy");
    };
    const next = () => { last = last.then(draw); };
    rarft.urlState.onChange(next);
    bindSkip();
    next();
  }

  // The part of the address behind # is the state, so the link to the content moves the focus alone.
  function bindSkip() {
    document.querySelector(".skip")?.addEventListener("click", (event) => {
      event.preventDefault();
      main().focus();
    });
  }

  const write = (changed, options) => rarft.urlState.write({ ...rarft.urlState.read(), ...changed }, options);

  rarft.page = { missing, start, write };
})((window.rarft = window.rarft || {}));
