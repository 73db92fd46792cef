// What the shell does in the browser: messages, questions before a step that cannot be taken back, menus, printing,
// refreshing. Everything is delegated from the document, so that parts swapped in later behave alike.
"use strict";
(() => {
  const all = (root, selector) => Array.from(root.querySelectorAll(selector));

  // ---- messages
  const dismiss = (toast) => {
    toast.classList.add("gj-going");
    setTimeout(() => toast.remove(), 350);
  };
  const fade = (root) => all(root, ".gj-toast[data-fades]").forEach((toast) => {
    toast.removeAttribute("data-fades");
    let timer = 0;
    const start = () => { timer = setTimeout(() => dismiss(toast), 7000); };
    const stop = () => clearTimeout(timer);
    toast.addEventListener("mouseenter", stop);
    toast.addEventListener("focusin", stop);
    toast.addEventListener("mouseleave", start);
    start();
  });
  const say = (text, tone) => {
    const box = document.getElementById("gj-toasts");
    if (!box || !text) return;
    const toast = document.createElement("div");
    toast.className = `gj-toast gj-tone-${tone || "info"}`;
    toast.setAttribute("role", tone === "danger" ? "alert" : "status");
    const words = document.createElement("div");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close";
    close.dataset.dismissToast = "";
    close.setAttribute("aria-label", document.body.dataset.wordRemove || "×");
    toast.append(words, close);
    if (tone !== "danger" && tone !== "warning") toast.dataset.fades = "";
    box.append(toast);
    fade(box);
  };

  // ---- a question before the step; the answer sends the form for real
  const ask = (text, then) => {
    const dialog = document.getElementById("gj-confirm");
    if (!dialog || !dialog.showModal) return then(window.confirm(text));
    dialog.querySelector("p").textContent = text;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => then(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = (event.submitter && event.submitter.dataset.confirm) || form.dataset.confirm;
    if (question && form.dataset.confirmed !== "yes") {
      event.preventDefault();
      event.stopImmediatePropagation();
      const submitter = event.submitter;
      ask(question, (yes) => {
        if (!yes) return;
        form.dataset.confirmed = "yes";
        form.requestSubmit(submitter || undefined);
        delete form.dataset.confirmed;
      });
      return;
    }
    if (!("once" in form.dataset)) return;
    if (form.classList.contains("gj-busy")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else {
      form.classList.add("gj-busy");
    }
  }, true);
  const ready = () => all(document, "form.gj-busy").forEach((form) => form.classList.remove("gj-busy"));
  window.addEventListener("pageshow", ready); // back from another page: the form may be sent again

  // ---- clicks
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-dismiss-toast], [data-print], [data-back], a[data-confirm]");
    all(document, "details.gj-pop[open]").forEach((pop) => {
      if (!pop.contains(event.target)) pop.open = false;
    });
    if (!target) return;
    if ("dismissToast" in target.dataset) dismiss(target.closest(".gj-toast"));
    else if ("print" in target.dataset) window.print();
    else if ("back" in target.dataset) {
      if (window.history.length > 1) window.history.back();
      else window.location.assign("/");
    } else {
      event.preventDefault();
      ask(target.dataset.confirm, (yes) => { if (yes) window.location.assign(target.href); });
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    all(document, "details.gj-pop[open]").forEach((pop) => {
      pop.open = false;
      pop.querySelector("summary").focus();
    });
  });
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && "autosubmit" in form.dataset) form.requestSubmit();
  });

  // On phones the menu is a dialog, and a dialog needs a name; elsewhere it is none.
  document.addEventListener("show.bs.offcanvas", (event) => event.target.setAttribute("aria-label", event.target.dataset.dialogLabel || ""));
  document.addEventListener("hidden.bs.offcanvas", (event) => event.target.removeAttribute("aria-label"));

  // ---- parts that keep themselves fresh: data-live="address" data-every="seconds", with an id
  const due = new WeakMap();
  const refresh = () => {
    if (document.hidden || !window.htmx) return;
    const now = Date.now();
    all(document, "[data-live][id]").forEach((part) => {
      const every = Math.max(5, Number(part.dataset.every) || 30) * 1000;
      if (!due.has(part)) due.set(part, now + every);
      const busy = part.contains(document.activeElement) || part.querySelector("details[open]");
      if (busy || now < due.get(part)) return;
      due.set(part, now + every);
      window.htmx.ajax("GET", part.dataset.live, { target: part, swap: "outerHTML", select: `#${part.id}` });
    });
  };
  setInterval(refresh, 2500);

  // ---- htmx: what failed is said; a form that came back may be sent again
  const failed = () => { ready(); say(document.body.dataset.wordFailed, "danger"); };
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:afterRequest", ready);

  const start = (root) => {
    fade(root);
    const panel = root.querySelector("[data-focus]");
    if (panel) panel.focus();
  };
  document.addEventListener("htmx:afterSettle", (event) => start(event.target));
  start(document);
  window.guanjia = { say };
})();
