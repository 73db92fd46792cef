// A fault in three taps: the kind fills in the words, a place is touched instead of typed.
"use strict";
(() => {
  const form = document.getElementById("cs-report");
  if (!form) return;
  const place = form.querySelector("[name=place]");
  const content = form.querySelector("[name=content]");
  form.addEventListener("change", (event) => {
    if (event.target.name !== "category") return;
    if (!content.value || content.value === content.dataset.filled) {
      content.value = content.dataset.filled = event.target.dataset.title;
    }
  });
  form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-place]");
    if (!chip) return;
    place.value = chip.dataset.place;
    form.querySelectorAll("[data-place]").forEach((other) => other.classList.toggle("active", other === chip));
    // A building alone seldom says where: the cursor waits behind it, without opening the keyboard on touch screens.
    if (window.matchMedia("(pointer: fine)").matches) place.focus();
  });
})();
