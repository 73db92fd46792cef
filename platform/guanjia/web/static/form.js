// Widgets of forms: search-as-you-type lookups, signatures, pictures, tables of rows. None is needed to send a form.
"use strict";
(() => {
  const all = (root, selector) => Array.from(root.querySelectorAll(selector));

  // ---- lookup: the text searches, the hidden field holds what was chosen
  const parts = (inside) => {
    const box = inside.closest("[data-lookup]");
    return box && {
      box, input: box.querySelector("[data-lookup-input]"), id: box.querySelector("[data-lookup-id]"),
      list: box.querySelector("[role=listbox]"),
    };
  };
  const choices = (list) => all(list, "[data-lookup-value]");
  const close = (l) => {
    l.list.hidden = true;
    l.input.setAttribute("aria-expanded", "false");
    l.input.removeAttribute("aria-activedescendant");
  };
  const open = (l) => {
    choices(l.list).forEach((option, n) => { option.id = `${l.list.id}-${n}`; });
    l.list.hidden = false;
    l.input.setAttribute("aria-expanded", "true");
  };
  const choose = (l, option) => {
    l.id.value = option.dataset.lookupValue;
    l.input.value = option.dataset.lookupText;
    l.box.classList.add("gj-chosen");
    close(l);
    l.id.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const move = (l, by) => {
    const options = choices(l.list);
    if (!options.length) return;
    const now = options.findIndex((o) => o.getAttribute("aria-selected") === "true");
    const next = options[(now + by + options.length + (now < 0 && by < 0 ? 1 : 0)) % options.length];
    options.forEach((o) => o.setAttribute("aria-selected", String(o === next)));
    l.input.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  };
  const take = (l) => {
    const options = choices(l.list);
    const option = options.find((o) => o.getAttribute("aria-selected") === "true") || (options.length === 1 && options[0]);
    if (option) choose(l, option);
  };
  // The list answers an earlier text while the hand is faster than the server: Enter then waits for the answer to this one.
  const answers = (l) => l.list.dataset.shown === l.input.value;
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches("[data-lookup-input]")) return;
    event.detail.parameters = { q: event.target.value };
    parts(event.target).list.dataset.asked = event.target.value;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const l = event.target.matches("[role=listbox]") && parts(event.target);
    if (!l) return;
    l.list.dataset.shown = l.list.dataset.asked || "";
    if (l.id.value || !l.box.contains(document.activeElement)) return;
    if (!l.list.firstElementChild) return close(l);
    open(l);
    if (!("enter" in l.box.dataset) || !answers(l)) return;
    delete l.box.dataset.enter;
    setTimeout(() => take(l)); // after whoever aims at an option of a new list
  });
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-lookup-input]")) return;
    const l = parts(event.target);
    l.id.value = "";
    l.box.classList.remove("gj-chosen");
    delete l.box.dataset.enter;
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches("[data-lookup-input]") || event.isComposing) return; // Enter ends a word in pinyin first
    const l = parts(event.target);
    const shown = !l.list.hidden;
    const enter = event.key === "Enter" && !event.ctrlKey && !event.metaKey;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!shown && choices(l.list).length) open(l);
      move(l, event.key === "ArrowDown" ? 1 : -1);
    } else if (enter && !l.id.value && l.input.value && !answers(l)) {
      event.preventDefault();
      l.box.dataset.enter = "yes";
    } else if (enter && shown) {
      event.preventDefault();
      take(l);
    } else if (event.key === "Escape" && shown) {
      event.stopPropagation();
      close(l);
    }
  }, true); // before a form that gives Enter a meaning of its own
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest("[data-lookup-value]")) event.preventDefault(); // the text keeps the focus
  });
  document.addEventListener("click", (event) => {
    const option = event.target.closest("[data-lookup-value]");
    if (option) choose(parts(option), option);
  });
  document.addEventListener("focusout", (event) => {
    const l = event.target.matches("[data-lookup-input]") && parts(event.target);
    if (!l || l.box.contains(event.relatedTarget)) return;
    delete l.box.dataset.enter;
    close(l);
  });

  // ---- signature
  const LIMIT = 200 * 1024;
  const png = (canvas) => {
    for (const scale of [1, 0.75, 0.5, 0.35]) {
      const small = document.createElement("canvas");
      small.width = canvas.width * scale;
      small.height = canvas.height * scale;
      small.getContext("2d").drawImage(canvas, 0, 0, small.width, small.height);
      const data = small.toDataURL("image/png");
      if ((data.length - data.indexOf(",")) * 0.75 <= LIMIT) return data;
    }
    return "";
  };
  const signature = (box) => {
    if (box.dataset.ready) return;
    box.dataset.ready = "yes";
    const canvas = box.querySelector("canvas");
    const value = box.querySelector("[data-signature-value]");
    const status = box.querySelector("[data-signature-status]");
    const pen = canvas.getContext("2d");
    pen.lineWidth = 4;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = pen.fillStyle = "#10222a";
    let last = null;
    let middle = null;
    const wipe = () => pen.clearRect(0, 0, canvas.width, canvas.height);
    const keep = () => {
      value.value = png(canvas);
      box.classList.add("gj-signed");
      status.textContent = status.dataset.signed;
    };
    const at = (event) => {
      const r = canvas.getBoundingClientRect();
      return [(event.clientX - r.left) * canvas.width / r.width, (event.clientY - r.top) * canvas.height / r.height];
    };
    const picture = (source, width, height) => {
      const scale = Math.min(canvas.width / width, canvas.height / height, 1);
      wipe();
      pen.drawImage(source, (canvas.width - width * scale) / 2, (canvas.height - height * scale) / 2, width * scale, height * scale);
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || box.closest("fieldset[disabled]")) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      last = middle = at(event);
      box.classList.add("gj-signed");
      pen.beginPath();
      pen.arc(last[0], last[1], pen.lineWidth / 2, 0, 7);
      pen.fill();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      for (const step of event.getCoalescedEvents && event.getCoalescedEvents().length ? event.getCoalescedEvents() : [event]) {
        const now = at(step);
        const half = [(last[0] + now[0]) / 2, (last[1] + now[1]) / 2];
        pen.beginPath();
        pen.moveTo(...middle);
        pen.quadraticCurveTo(...last, ...half);
        pen.stroke();
        last = now;
        middle = half;
      }
    });
    const lift = () => { if (last) { last = null; keep(); } };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    box.querySelector("[data-signature-clear]").addEventListener("click", () => {
      wipe();
      value.value = "";
      box.querySelector("[data-signature-file]").value = "";
      box.classList.remove("gj-signed");
      status.textContent = status.dataset.cleared;
    });
    box.querySelector("[data-signature-file]").addEventListener("change", async (event) => {
      const file = event.target.files[0];
      if (!file || !window.createImageBitmap) return;
      try {
        const image = await createImageBitmap(file);
        picture(image, image.width, image.height);
        keep();
        event.target.value = ""; // the drawn copy is sent instead
      } catch { /* the server says what is wrong with it */ }
    });
    if (value.value) {
      const image = new Image();
      image.addEventListener("load", () => { picture(image, image.width, image.height); box.classList.add("gj-signed"); });
      image.src = value.value;
    }
  };

  // ---- pictures: shown before they are sent
  const preview = (box) => {
    const list = box.querySelector("[data-photo-preview]");
    all(list, "img").forEach((image) => URL.revokeObjectURL(image.src));
    list.replaceChildren();
    all(box, "[data-photo-input]").flatMap((input) => Array.from(input.files)).forEach((file) => {
      const figure = document.createElement("figure");
      figure.className = "gj-photo";
      const image = document.createElement("img");
      image.src = URL.createObjectURL(file);
      image.alt = "";
      const name = document.createElement("figcaption");
      name.textContent = file.name;
      figure.append(image, name);
      list.append(figure);
    });
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-photo-input]")) preview(event.target.closest("[data-photos]"));
  });

  // ---- rows
  const number = (body) => 1 + Math.max(-1, ...all(body, "[name]").map((e) => Number((e.name.match(/-(\d+)-/) || [0, -1])[1])));
  const addRow = (table) => {
    const body = table.querySelector("tbody");
    const row = table.querySelector("template").content.firstElementChild.cloneNode(true);
    const index = String(number(body));
    [row, ...all(row, "*")].forEach((element) => {
      for (const attribute of Array.from(element.attributes)) {
        if (attribute.value.includes("__index__")) element.setAttribute(attribute.name, attribute.value.replaceAll("__index__", index));
      }
    });
    body.append(row);
    start(row);
    if (window.htmx) window.htmx.process(row);
    return row;
  };
  const focusIn = (row) => {
    const first = row.querySelector("input:not([type=hidden]), select, textarea");
    if (first) first.focus();
  };
  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-row-add]");
    const remove = event.target.closest("[data-row-remove]");
    if (add) focusIn(addRow(add.closest("[data-rows]")));
    if (remove) {
      const table = remove.closest("[data-rows]");
      remove.closest("tr").remove();
      if (!table.querySelector("tbody tr")) addRow(table);
      table.querySelector("[data-row-add]").focus();
    }
  });

  const start = (root) => {
    all(root, "[data-signature]").forEach(signature);
    all(root, "[data-rows] tr[data-spare]").forEach((row) => row.remove());
    all(root, "[data-lookup]").forEach((box) => {
      const id = box.querySelector("[data-lookup-id]");
      if (id.value) box.classList.add("gj-chosen");
    });
  };
  document.addEventListener("htmx:afterSettle", (event) => start(event.target));
  start(document);
})();
