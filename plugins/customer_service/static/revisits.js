// Usual answers fill in the form; what the resident really said can be written over them.
"use strict";
document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-answer]");
  if (!chip) return;
  const form = chip.closest("form");
  form.querySelector("[name=answer]").value = chip.dataset.answer;
  for (const name of ["satisfied", "agrees"]) {
    const radio = form.querySelector(`[name=${name}][value=${chip.dataset[name]}]`);
    if (radio) radio.checked = true;
  }
  form.querySelector("[name=answer]").focus();
});
