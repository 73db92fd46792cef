// The board's columns fold on a phone; what somebody opened stays open when the board refreshes itself.
"use strict";
(() => {
  const narrow = window.matchMedia("(max-width: 767.98px)");
  const closed = new Set();
  let known = false;
  const columns = () => Array.from(document.querySelectorAll("[data-column]"));
  const show = () => columns().forEach((column) => {
    const shut = narrow.matches && closed.has(column.dataset.column);
    column.classList.toggle("cs-shut", shut);
    column.querySelector(".cs-column-head").setAttribute("aria-expanded", String(!shut));
  });
  const begin = () => {
    if (!known) {
      known = true;
      const full = columns().filter((column) => column.querySelector(".cs-card"));
      columns().forEach((column) => { if (column !== full[0]) closed.add(column.dataset.column); });
    }
    show();
  };
  document.addEventListener("click", (event) => {
    const head = event.target.closest(".cs-column-head");
    if (!head || !narrow.matches) return;
    const key = head.closest("[data-column]").dataset.column;
    if (closed.has(key)) closed.delete(key); else closed.add(key);
    show();
    if (event.detail) head.blur(); // the board does not refresh while something in it has the focus
  });
  document.addEventListener("htmx:afterSettle", show);
  narrow.addEventListener("change", show);
  begin();
})();
