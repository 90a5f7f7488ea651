// The pages work without this file. It adds keys, and says when the server is gone.
"use strict";

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("[data-search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// Open what a link into a closed part of the step tree points to.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let part = target; part; part = part.parentElement) {
    if (part.tagName === "DETAILS") part.open = true;
  }
  target.scrollIntoView();
}
addEventListener("hashchange", reveal);
addEventListener("DOMContentLoaded", () => {
  if (location.hash) reveal();
  for (const tools of document.querySelectorAll("[data-tools]")) {
    tools.hidden = false;
    tools.addEventListener("click", (event) => {
      const open = event.target.dataset.open;
      if (!open) return;
      for (const step of document.querySelectorAll("details.step")) step.open = open === "true";
    });
  }
});

// Nobody sees a hidden page: it need not ask.
document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden) event.preventDefault();
});
const offline = (gone) => { document.getElementById("offline").hidden = !gone; };
document.addEventListener("htmx:error", () => offline(true));
document.addEventListener("htmx:after:request", (event) => offline(event.detail.ctx.response.status >= 500));
