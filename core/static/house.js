// What is nicer with a script. Every page works without it.
"use strict";

// A double click sends a form once; the server would answer the second with the first, but later.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  form.querySelectorAll("[type=submit]").forEach((button) => button.setAttribute("aria-busy", "true"));
  if (!form.querySelector(".house-while")) setTimeout(() => release(form), 5000);  // the answer may be a file, and the page stays
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));
function release(form) {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
}

// Scrolling the page over a number must not change it.
document.addEventListener("wheel", (event) => {
  if (event.target.type === "number" && event.target === document.activeElement) event.target.blur();
}, { passive: true });

// Open menus and questions close by Escape and by a tap beside them.
const FOLDING = "details.house-menu[open], details.house-account[open], details.house-confirm[open]";
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll(FOLDING).forEach((details) => {
    details.open = false;
    details.querySelector("summary").focus();
  });
});
document.addEventListener("click", (event) => {
  document.querySelectorAll(FOLDING).forEach((details) => {
    if (!details.contains(event.target) && !event.target.closest(".house-fold")) details.open = false;
  });
});

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});

// The chosen day of a strip stands in sight.
document.querySelectorAll(".house-days [aria-current]").forEach((day) => {
  day.parentElement.scrollLeft = day.offsetLeft - day.parentElement.clientWidth / 2;
});
