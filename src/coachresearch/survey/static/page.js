// Saves each answer when it is given, and says when; without this script the buttons do the same.
"use strict";
(() => {
  const form = document.getElementById("form");
  if (!form) return;
  const saved = document.getElementById("saved");
  const trouble = document.getElementById("trouble");
  const version = form.elements["_version"];
  const waiting = new Set();
  let busy = null;
  let leaving = false;

  const complain = (text) => { trouble.textContent = text; trouble.hidden = false; saved.textContent = ""; };

  const send = async () => {
    const names = [...waiting];
    if (!names.length) return;
    waiting.clear();
    const all = new FormData(form);
    const body = new URLSearchParams({ _version: version.value, _page: all.get("_page"), _go: "auto", _language: all.get("_language") });
    for (const item of new Set(names.map((name) => name.slice(2))))
      for (const kind of ["a-", "m-"])
        if (form.elements[kind + item]) body.append(kind + item, all.get(kind + item) ?? "");
    saved.textContent = form.dataset.saving;
    try {
      const reply = await fetch("/form", { method: "POST", body, headers: { Accept: "application/json" } });
      const told = await reply.json();
      if (!reply.ok) { if (told.again) names.forEach((name) => waiting.add(name)); complain(told.message); return; }
      version.value = told.version;
      trouble.hidden = true;
      const time = new Date(told.saved_at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      saved.textContent = form.dataset.saved.replace("{time}", time);
      document.getElementById("progress").textContent = told.progress;
      form.querySelector("progress").value = told.answered;
    } catch {
      names.forEach((name) => waiting.add(name));
      complain(form.dataset.trouble);
    }
  };

  const save = (event) => {
    const name = event.target.name || "";
    if (!/^[am]-/.test(name)) return;
    waiting.add(name);
    busy = (busy || Promise.resolve()).then(send);
  };

  form.addEventListener("change", save);

  for (const card of form.querySelectorAll("fieldset")) {
    const chosen = () => card.querySelector("input[type=radio][name^='a-']:checked");
    if (!card.querySelector("input[type=radio][name^='a-']")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "clear";
    button.textContent = form.dataset.clear;
    button.hidden = !chosen();
    button.addEventListener("click", () => {
      const radio = chosen();
      if (!radio) return;
      radio.focus();
      radio.checked = false;
      button.hidden = true;
      save({ target: radio });
    });
    card.addEventListener("change", () => { button.hidden = !chosen(); });
    card.append(button);
  }
  form.addEventListener("submit", (event) => {
    if (leaving || !busy) return;
    event.preventDefault();  // what is being saved is saved first
    const button = event.submitter;
    busy.then(() => { leaving = true; form.requestSubmit(button); leaving = false; });
  });
})();
