// The front desk without a mouse: Enter goes on, digits and words choose the category, Ctrl+Enter saves.
"use strict";
(() => {
  const form = document.getElementById("cs-intake");
  if (!form) return;
  const all = (selector) => Array.from(form.querySelectorAll(selector));
  const find = form.querySelector("[data-find]");
  const said = form.querySelector("[data-found]");
  const department = form.querySelector("[name=department_id]");
  const content = form.querySelector("[name=content]");
  const tiles = all(".cs-tile");
  const shown = () => tiles.filter((tile) => !tile.classList.contains("cs-out"));
  const radio = (tile) => tile.querySelector("input");

  // ---- category
  const aim = (tile) => {
    tiles.forEach((t) => t.classList.toggle("cs-aimed", t === tile));
    if (tile) tile.scrollIntoView({ block: "nearest" });
  };
  const narrow = (text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    tiles.forEach((tile) => tile.classList.toggle("cs-out", !words.every((word) => (
      /^\d+$/.test(word) ? tile.dataset.digits.startsWith(word) : tile.dataset.typed.includes(word)
    ))));
    const left = shown();
    const aimed = words.length ? left[0] : null;
    aim(aimed);
    said.textContent = !words.length ? "" : aimed ? `${left.length} · Enter: ${radio(aimed).dataset.title}` : said.dataset.none;
  };
  const choose = (tile) => {
    const input = radio(tile);
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    find.value = "";
    narrow("");
    content.focus();
  };
  const onCategory = () => {
    const input = form.querySelector("[name=category]:checked");
    if (!input) return;
    find.placeholder = input.dataset.title;
    if (department && !department.dataset.touched) department.value = input.dataset.department;
  };
  find.addEventListener("input", () => {
    narrow(find.value);
    if (/^\d\d$/.test(find.value.trim()) && shown().length === 1) choose(shown()[0]);
  });
  find.addEventListener("keydown", (event) => {
    const left = shown();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const now = left.findIndex((tile) => tile.classList.contains("cs-aimed"));
      aim(left[(now + (event.key === "ArrowDown" ? 1 : -1) + left.length) % left.length]);
    } else if (event.key === "Escape") {
      find.value = "";
      narrow("");
    }
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "category") onCategory();
    if (event.target === department) department.dataset.touched = "yes";
    if (event.target.matches("[data-lookup-id]") && event.target.value) find.focus();
  });
  if (department && department.value) department.dataset.touched = "yes";
  onCategory();

  // ---- household: the first hit is aimed at, so that Enter takes it; typing on takes the old card away
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!event.target.matches("#cs-intake [role=listbox]")) return;
    const first = event.target.querySelector("[data-lookup-value]");
    if (first) first.setAttribute("aria-selected", "true");
  });
  form.addEventListener("input", (event) => {
    if (!event.target.matches("[data-lookup-input]")) return;
    const box = event.target.closest("[data-lookup]");
    if (!box.classList.contains("gj-chosen")) return;
    setTimeout(() => box.querySelector("[data-lookup-id]").dispatchEvent(new Event("change", { bubbles: true })));
  });

  // ---- Enter goes on, Ctrl+Enter saves
  const order = () => all("input:not([type=hidden]):not([type=file]):not([type=radio]):not([type=checkbox]), textarea, select")
    .filter((element) => element.offsetParent && !element.disabled);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      form.requestSubmit();
      return;
    }
    if (event.defaultPrevented || event.target.matches("textarea, button, a, summary, select")) return;
    event.preventDefault();
    if (event.target === find) {
      const aimed = form.querySelector(".cs-aimed") || (find.value ? null : undefined);
      if (aimed) choose(aimed);
      else if (aimed === undefined && form.querySelector("[name=category]:checked")) content.focus();
      return;
    }
    if (event.target.matches("[data-lookup-input]") && event.target.getAttribute("aria-expanded") === "true") return;
    const fields = order();
    const next = fields[fields.indexOf(event.target) + 1];
    if (next) next.focus();
  });
})();
