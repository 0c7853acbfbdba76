// Keys for the parked payments. Without this file the same is done with the buttons.
"use strict";

const parked = [...document.querySelectorAll("[data-parked]")];
const at = () => parked.findIndex((each) => each.contains(document.activeElement));
const go = (to) => { const each = parked[Math.max(0, Math.min(parked.length - 1, to))]; each?.focus(); each?.scrollIntoView({ block: "nearest" }); };
const accept = (which) => parked[at()]?.querySelector(`[data-accept="${which}"]`)?.requestSubmit();

go(Math.max(0, parked.findIndex((each) => `#${each.id}` === location.hash)));
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  if (event.key === "j") go(at() + 1);
  else if (event.key === "k") go(at() - 1);
  else if (event.key === "a") accept(1);
  else if (/^[1-5]$/.test(event.key)) accept(event.key);
  else if (event.key === "f") parked[at()]?.querySelector("input[type=search]")?.focus();
  else if (event.key === "o") parked[at()]?.querySelector("[data-open]")?.click();
  else return;
  event.preventDefault();
});
