// The report of finished work in three parts, one at a time; what is wrong opens first.
"use strict";
(() => {
  const form = document.getElementById("cs-complete");
  if (!form) return;
  const parts = Array.from(form.querySelectorAll("[data-part]"));
  const tabs = Array.from(form.querySelectorAll(".cs-parts [data-part-to]"));
  const open = (n, focus) => {
    parts.forEach((part, i) => { part.hidden = i !== n; });
    tabs.forEach((tab, i) => { if (i === n) tab.setAttribute("aria-current", "step"); else tab.removeAttribute("aria-current"); });
    if (focus) {
      parts[n].focus({ preventScroll: true });
      form.scrollIntoView({ block: "start" });
    }
  };
  form.addEventListener("click", (event) => {
    const to = event.target.closest("[data-part-to]");
    if (to) open(Number(to.dataset.partTo), true);
  });
  // A field that the browser itself refuses must be visible, or nobody learns why nothing happens.
  form.addEventListener("invalid", (event) => open(parts.findIndex((part) => part.contains(event.target)), false), true);
  // Links of the error summary lead into parts that may be hidden.
  form.addEventListener("click", (event) => {
    const link = event.target.closest(".gj-panel a[href^='#']");
    const target = link && document.getElementById(link.getAttribute("href").slice(1));
    const n = parts.findIndex((part) => target && part.contains(target));
    if (n >= 0) open(n, false);
  });
  // The time that the work took is counted from its start and end until somebody writes it.
  const [from, to, minutes] = ["started_at", "finished_at", "total_minutes"].map((name) => form.querySelector(`[name=${name}]`));
  if (from && to && minutes) {
    minutes.addEventListener("input", () => { minutes.dataset.touched = "yes"; });
    form.addEventListener("change", (event) => {
      if ((event.target !== from && event.target !== to) || minutes.dataset.touched || !from.value || !to.value) return;
      const spent = Math.round((new Date(to.value) - new Date(from.value)) / 60000);
      if (spent >= 0 && spent <= 600) minutes.value = spent;
    });
  }
  const wrong = parts.findIndex((part) => "wrong" in part.dataset);
  open(Math.max(0, wrong), false);
})();
