// Light or dark: the reader's choice, or the system's. Not deferred, so that no page flashes.
"use strict";

(function (rarft) {
  const KEY = "rarft-theme";
  const CHOICES = ["auto", "light", "dark"];
  const SIGNS = { auto: "◐", light: "○", dark: "●" };

  function stored() {
    try {
      const choice = localStorage.getItem(KEY);
      return CHOICES.includes(choice) ? choice : "auto";
    } catch {
      // A browser may keep nothing for pages of a file.
      return "auto";
    }
  }

  function apply(choice) {
    if (choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    const button = document.getElementById("theme");
    if (!button) return;
    button.textContent = SIGNS[choice];
    button.setAttribute("aria-label", `Theme: ${choice === "auto" ? "as the system" : choice}`);
    button.title = button.getAttribute("aria-label");
  }

  function choose(choice) {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // The choice then lasts as long as the page.
    }
    current = choice;
    apply(choice);
  }

  let current = stored();
  const next = () => choose(CHOICES[(CHOICES.indexOf(current) + 1) % CHOICES.length]);

  apply(current);
  document.addEventListener("DOMContentLoaded", () => {
    apply(current);
    document.getElementById("theme")?.addEventListener("click", next);
  });

  rarft.theme = { choose, next };
})((window.rarft = window.rarft || {}));
