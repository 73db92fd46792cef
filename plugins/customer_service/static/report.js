// A fault in three taps: a place is touched instead of typed, and the kind fills in the words.
"use strict";
(() => {
  const form = document.getElementById("cs-report");
  if (!form) return;
  const place = form.querySelector("[name=place]");
  const content = form.querySelector("[name=content]");
  const only = (chip, name) => form.querySelectorAll(`[${name}]`).forEach((other) => other.classList.toggle("active", other === chip));
  form.addEventListener("change", (event) => {
    if (event.target.name !== "category") return;
    if (!content.value || content.value === content.dataset.filled) {
      content.value = content.dataset.filled = event.target.dataset.title;
    }
  });
  let added = "";
  form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-place], [data-add]");
    if (!chip) return;
    if (chip.dataset.place) {
      place.value = chip.dataset.place;
      added = "";
      only(chip, "data-place");
      only(null, "data-add");
    } else {
      // A second part takes the place of the first one: "2 lobby" becomes "2 lift".
      const before = added && place.value.endsWith(added) ? place.value.slice(0, -added.length) : place.value;
      added = chip.dataset.add;
      place.value = before + added;
      only(chip, "data-add");
    }
  });
})();
