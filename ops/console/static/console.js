// The console works without this file. With it, live parts refresh themselves, and the theme follows the machine.
"use strict";

const root = document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => { if (root.dataset.theme === "auto") root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
follow();
dark.addEventListener("change", follow);

for (const part of document.querySelectorAll("[data-refresh]")) {
  const refresh = async () => {
    // Nothing is taken away from under a person's hands.
    if (document.hidden || part.contains(document.activeElement)) return;
    try {
      const answer = await fetch(part.dataset.refresh, { headers: { "X-Part": "1" }, redirect: "error" });
      if (!answer.ok) return;
      const made = document.createElement("template");
      made.innerHTML = await answer.text();
      const same = part.id && made.content.getElementById(part.id);
      if (same) part.innerHTML = same.innerHTML;
      else part.replaceChildren(made.content);
    } catch { /* the server is away for a moment: what stands stays, and is asked for again */ }
  };
  setInterval(refresh, 1000 * Number(part.dataset.every || 15));
}
