"use strict";

// In the head, so that the first paint has the right colours.
const root = document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
root.dataset.bsTheme = dark ? "dark" : "light";

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-toggle-theme]")) {
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
  }
});
