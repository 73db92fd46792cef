// The front desk: what is typed as the enquiry searches the archive too; a tap enters a usual time.
"use strict";
(() => {
  const form = document.getElementById("cs-enquiry");
  if (!form) return;
  const asked = form.querySelector("[name=content]");
  const find = document.getElementById("cs-find-article");
  const time = form.querySelector("[name=reply_by]");
  let waiting = 0;
  asked.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const words = asked.value.trim().split(/[\s，。？！,.?!]+/).filter((word) => word.length > 1);
      if (!words.length) return;
      find.value = words[words.length - 1].slice(0, 12);
      find.dispatchEvent(new Event("search", { bubbles: true }));
    }, 400);
  });
  form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-time]");
    if (chip) time.value = chip.dataset.time;
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
})();
