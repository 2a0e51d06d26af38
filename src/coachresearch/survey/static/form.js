// One page of a questionnaire. Python decides and keeps; this file draws, and sends what the person does.

const REPLY_WITHIN = 6000; // ms; without a reply by then an answer is shown as not saved
let views = 0;

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "form") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const page = model.get("page");
  const words = model.get("words");
  const view = `${Date.now().toString(36)}-${++views}`;
  const open = new Map(); // item -> {code, number, timer, failed}: chosen here, not known to be saved
  const drawn = new Map(); // item -> {fieldset, radios, note, clear}
  let number = 0;
  let last = performance.now();
  let submitNumber = 0;
  let wasFinished = Boolean(model.get("state").finished);

  const id = (name) => `cr-${view}-${name}`;
  const time = (iso) =>
    new Date(iso).toLocaleTimeString(words.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  // --- sending -------------------------------------------------------------------------------------------------
  function send(message) {
    number += 1;
    try {
      model.send({ ...message, view, number });
    } catch {
      // the connection is gone: the timer of the answer says so
    }
    return number;
  }

  function sinceLast() {
    const seconds = (performance.now() - last) / 1000;
    last = performance.now();
    return seconds;
  }

  function tell(item, code, seconds) {
    clearTimeout(open.get(item)?.timer);
    const sent = send(code === null ? { kind: "cleared", item, seconds } : { kind: "answered", item, code, seconds });
    const timer = setTimeout(() => {
      const entry = open.get(item);
      if (entry?.number === sent) {
        entry.failed = words.no_reply;
        draw();
      }
    }, REPLY_WITHIN);
    open.set(item, { code, number: sent, timer, failed: "" });
    draw();
  }

  function retry() {
    for (const [item, entry] of [...open]) if (entry.failed) tell(item, entry.code, null);
  }

  function finish(withGaps) {
    retry();
    submitNumber = send({ kind: "submitted", with_gaps: withGaps });
  }

  // --- building ------------------------------------------------------------------------------------------------
  function tile(item, option) {
    const radio = element("input", { type: "radio", name: id(item), value: String(option.code) });
    radio.addEventListener("change", () => tell(item, option.code, sinceLast()));
    const label = element("label", { className: "cr-tile" }, radio, element("span", {}, option.label));
    return { label, radio };
  }

  function question(asked, index) {
    const { item } = asked;
    const inside = asked.options.map((option) => tile(item, option));
    const outside = asked.outside.map((option) => tile(item, option));
    const radios = [...inside, ...outside].map((made) => made.radio);
    const note = element("span", { className: "cr-note", id: id(`${item}-note`) });
    const clear = element("button", { type: "button", className: "cr-clear", tabIndex: -1, hidden: true },
      words["button.clear"]);
    clear.addEventListener("click", () => takeBack(item));
    const options = element("div", { className: "cr-options" },
      element("div", { className: "cr-scale" }, ...inside.map((made) => made.label)));
    options.style.setProperty("--cr-points", inside.length);
    if (outside.length) {
      options.append(element("div", { className: "cr-outside" }, ...outside.map((made) => made.label)));
      options.style.setProperty("--cr-outside", outside.length);
    }
    const ordinal = element("span", { className: "cr-number", "aria-hidden": "true" }, `${index + 1}.`);
    const fieldset = element("fieldset", { className: "cr-question", id: id(item), "aria-describedby": note.id,
      "data-item": item },
      element("legend", { lang: page.language, dir: page.direction }, ordinal, element("span", {}, asked.text)),
      options, element("div", { className: "cr-foot" }, note, clear));
    options.lang = page.language;
    options.dir = page.direction;
    fieldset.addEventListener("keydown", (event) => {
      if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        takeBack(item);
      }
    });
    drawn.set(item, { fieldset, radios, note, clear });
    return fieldset;
  }

  function takeBack(item) {
    const { radios } = drawn.get(item);
    const chosen = radios.find((radio) => radio.checked);
    if (!chosen || chosen.matches(":disabled")) return;
    chosen.checked = false;
    tell(item, null, sinceLast());
    radios[0].focus();
  }

  function entrance(item) {
    const { radios } = drawn.get(item);
    return radios.find((radio) => radio.checked) ?? radios[0];
  }

  function button(word, act, className = "cr-button") {
    const made = element("button", { type: "button", className }, words[word]);
    made.addEventListener("click", act);
    return made;
  }

  const title = element("h2", { id: id("title"), lang: page.language, dir: page.direction }, page.title);
  const status = element("p", { className: "cr-status", id: id("status"), role: "status" });
  const progress = element("progress", { "aria-labelledby": status.id });
  const trouble = element("div", { className: "cr-trouble", role: "alert" });
  const troubleText = element("p");
  const troubleBox = element("div", { className: "cr-box cr-bad", hidden: true }, troubleText,
    button("button.retry", retry));
  trouble.append(troubleBox);
  const gapsText = element("p", { tabIndex: -1 });
  const gapsList = element("ul");
  const gapsBox = element("div", { className: "cr-box cr-gaps", hidden: true }, gapsText, gapsList,
    button("button.finish_with_gaps", () => finish(true)));
  const finishButton = button("button.finish", () => finish(false), "cr-button cr-main");
  const finishedText = element("p", { tabIndex: -1 });
  const finishedBox = element("div", { className: "cr-box cr-good", hidden: true }, finishedText,
    button("button.reopen", () => send({ kind: "reopened" })));
  const questions = element("div", { className: "cr-questions" }, ...page.questions.map(question));
  const head = element("div", {}, title);
  for (const [text, className] of [[page.note, "cr-draft"], [page.instructions, "cr-say"]]) {
    if (text) head.append(element("p", { className, lang: page.language, dir: page.direction }, text));
  }
  head.append(element("p", { className: "cr-hint" }, words["hint.keys"]));
  const form = element("form", { className: "cr-form", "aria-labelledby": title.id, noValidate: true },
    head, questions, element("div", { className: "cr-bar" }, status, progress),
    trouble, gapsBox, finishButton, finishedBox);
  const root = element("div", { className: "coachresearch-form", lang: words.language }, form);

  form.addEventListener("submit", (event) => event.preventDefault());
  // Keys typed here are answers, not commands of the notebook.
  for (const kind of ["keydown", "keypress", "keyup"]) root.addEventListener(kind, (event) => event.stopPropagation());

  // --- drawing -------------------------------------------------------------------------------------------------
  function settle(state) {
    const heard = state.heard[view] ?? 0;
    for (const [item, entry] of [...open]) {
      if (entry.number > heard) continue;
      clearTimeout(entry.timer);
      if (state.errors[item]) entry.failed = state.errors[item];
      else open.delete(item);
    }
  }

  function drawQuestion(item, state) {
    const { fieldset, radios, note, clear } = drawn.get(item);
    const entry = open.get(item);
    const code = entry ? entry.code : (state.answers[item] ?? null);
    for (const radio of radios) radio.checked = code !== null && radio.value === String(code);
    const error = entry ? entry.failed : state.errors[item];
    const kept = item in state.answers;
    fieldset.dataset.state = error ? "failed" : entry ? "saving" : kept ? "saved" : "open";
    note.textContent = error ? error : entry ? words.saving
      : kept ? words.saved.replace("{time}", time(state.times[item])) : state.gaps ? words.not_answered : "";
    clear.hidden = code === null || Boolean(state.finished);
    fieldset.disabled = Boolean(state.finished);
  }

  function drawGaps(state) {
    gapsBox.hidden = !state.gaps;
    if (!state.gaps) return;
    gapsText.textContent = state.gaps.sentence;
    gapsList.replaceChildren(...state.gaps.items.filter((item) => drawn.has(item)).map((item) => {
      const { fieldset } = drawn.get(item);
      const link = element("a", { href: `#${fieldset.id}` }, fieldset.querySelector("legend").innerText);
      link.addEventListener("click", (event) => {
        event.preventDefault();
        event.stopPropagation();
        fieldset.scrollIntoView({ block: "center" });
        entrance(item).focus({ preventScroll: true });
      });
      return element("li", {}, link);
    }));
  }

  function drawTrouble(state) {
    const failed = [...drawn.values()].filter(({ fieldset }) => fieldset.dataset.state === "failed").length;
    const text = failed ? words.trouble[failed] : (state.errors[""] ?? "");
    troubleBox.hidden = !text;
    if (troubleText.textContent !== text) troubleText.textContent = text;
    troubleBox.querySelector("button").hidden = ![...open.values()].some((entry) => entry.failed);
  }

  function draw() {
    const state = model.get("state");
    for (const item of drawn.keys()) drawQuestion(item, state);
    const latest = Object.values(state.times).sort().at(-1);
    const line = latest ? `${state.progress} · ${words.saved.replace("{time}", time(latest))}` : state.progress;
    if (status.textContent !== line) status.textContent = line;
    progress.max = state.shown;
    progress.value = state.answered;
    drawTrouble(state);
    drawGaps(state);
    finishButton.hidden = Boolean(state.finished) || Boolean(state.gaps);
    finishedBox.hidden = !state.finished;
    finishedText.textContent = state.finished;
    root.dataset.revision = state.revision;
  }

  function heardFromPython() {
    const state = model.get("state");
    settle(state);
    draw();
    const answered = submitNumber && (state.heard[view] ?? 0) >= submitNumber;
    if (answered) {
      submitNumber = 0;
      if (state.gaps) gapsText.focus();
    }
    if (state.finished && !wasFinished) finishedText.focus();
    if (!state.finished && wasFinished) entrance(page.questions[0].item).focus();
    wasFinished = Boolean(state.finished);
  }

  model.on("change:state", heardFromPython);
  draw();
  el.append(root);
  return () => {
    model.off("change:state", heardFromPython);
    for (const entry of open.values()) clearTimeout(entry.timer);
  };
}

export default { render };
