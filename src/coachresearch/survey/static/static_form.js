"use strict";
(() => {
  const form = document.getElementById("form");
  const facts = JSON.parse(form.dataset.facts);
  const say = (id, text) => { document.getElementById(id).textContent = text; };
  const place = "coachresearch " + ["study", "wave", "person", "target", "role", "instrument", "version", "form"].map((name) => facts[name]).join(" ");
  const cards = [...form.querySelectorAll("fieldset")];
  let draft = {};
  let told = false;
  const complain = (text) => { const box = document.getElementById("trouble"); box.textContent = text; box.hidden = !text; };
  const given = (card) => ["a-", "m-"].some((kind) => (draft[kind + card.id.slice(2)] ?? "").trim() !== "");
  const count = () => say("progress", form.dataset.progress.replace("{n}", cards.filter(given).length));
  const read = () => { draft = Object.fromEntries(new FormData(form)); };
  const keep = () => {
    read();
    count();
    try { localStorage.setItem(place, JSON.stringify(draft)); say("saved", form.dataset.kept); complain(""); }
    catch { say("saved", ""); complain(form.dataset.trouble); }
  };
  try { draft = JSON.parse(localStorage.getItem(place) ?? "{}"); } catch { draft = {}; }
  for (const [name, value] of Object.entries(draft)) {
    const field = form.elements[name];
    if (field) field.value = value;
  }
  read();
  count();
  form.addEventListener("change", () => { told = false; keep(); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep();
    const open = cards.filter((card) => !given(card));
    if (open.length && !told) {
      told = true;
      complain(form.dataset.gaps.replace("{n}", open.length));
      open[0].querySelector("input, textarea").focus();
      return;
    }
    const content = { format: "coachresearch answers 1", ...facts, fields: draft, finished_at: new Date().toISOString() };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }));
    link.download = `answers-${facts.wave}-${facts.person}-${facts.target}-${facts.instrument}.json`.replace(/[^\w.-]/g, "_");
    document.body.append(link);
    link.click();
    link.remove();
    say("saved", form.dataset.done);
  });
})();
