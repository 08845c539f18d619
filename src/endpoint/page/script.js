"use strict";
// --- the rows -----------------------------------------------------------------------------------

async function copy(button, text, code) {
  const label = button.ariaLabel;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = button.ariaLabel = "Copied";
    setTimeout(() => Object.assign(button, { textContent: "Copy", ariaLabel: label }), 1500);
  } catch {
    // Without a secure context only the user can copy; select the text for that.
    getSelection().selectAllChildren(code);
  }
}

// What hides and shows parts of the form, and follows from the method.
function adapt(row, form) {
  const { method, body, file } = form.elements;
  const methods = row.dataset.methods.split(" ").filter((name) => name !== "TRACE");
  const talks = "messages" in row.dataset;
  const takesBody = "body" in row.dataset;
  if (methods.includes("GET") && !talks) methods.splice(1, 0, "HEAD");
  if (talks) {
    $(".headers", form).hidden = true;
    $(".more summary", form).textContent = "Messages";
    $(".content", form).firstChild.textContent = "One per line ";
    body.value = "Hello";
  }
  if (takesBody) body.value = row.dataset.body;
  method.append(...methods.map((name) => make("option", { textContent: name })));
  if (talks || (takesBody && !methods.includes("GET"))) $(".more", form).open = true;
  // The body is a text or a file, whichever was entered last.
  body.addEventListener("input", () => (file.value = ""));
  file.addEventListener("input", () => (body.value = ""));
  method.addEventListener("input", () => {
    if (takesBody && !["GET", "HEAD"].includes(method.value)) $(".more", form).open = true;
  });
  $(".times", form).hidden = talks;
  return () => {
    const bare = ["GET", "HEAD"].includes(method.value);
    $(".content", form).hidden = bare && !talks;
    for (const part of $$(".file", form)) part.hidden = bare || !takesBody;
    $(".as", form).hidden ||= !file.value;
  };
}

// Shows what a request looks like: its target, its URL, as a command and as a field.
function showLines(form, asked) {
  const lines = {
    asked: asked.target,
    "url code": (asked.messages ? socketUrl : (target) => location.origin + target)(asked.target),
    "curl code": curl(asked),
    "loiter code": "Loiter: " + loiterField(asked.modifiers),
  };
  for (const [name, text] of Object.entries(lines)) {
    // Lines break before a segment or an argument, and not within `://`.
    const parts = text.split(/(?<![:/])(?=[/?&])/).flatMap((part) => [part, make("wbr")]);
    $("." + name, form).replaceChildren(...parts);
  }
  for (const line of $$(".url, .loiter", form)) line.hidden = !asked.modifiers.length;
}

// The parts that are in every form, filled in for a row.
function assemble(row) {
  const form = $("#bench").content.cloneNode(true).firstElementChild;
  const panel = $(".panel", row);
  const login = loginItem(new Set(row.dataset.client.split(" ")));
  const params = $(".params", row) ?? (login.length ? make("ul", { className: "params" }) : undefined);
  if (params) {
    params.append(...login);
    panel.append(params); // Before field(), which derives ids from the enclosing row.
  }
  const fields = params ? $$("li", params).map(field) : [];
  if (params) form.prepend(params);
  panel.append(form);
  return [form, fields];
}

// The forms that were opened, by row: what changes and shows their values.
const forms = new Map();
const filter = $("#filter");

function build(row) {
  const [form, fields] = assemble(row);
  const modifiers = composer(form, () => change());
  const show = adapt(row, form);
  const update = () => {
    credentialsFromPath(fields);
    const asked = ask(row, form, fields, modifiers.list());
    showLines(form, asked);
    show();
    return asked;
  };
  const state = () => stateOf(form, fields, modifiers);
  const put = (text) => {
    restore(text, form, fields, modifiers);
    update();
  };
  update();
  if (row.dataset.state) put(row.dataset.state);
  const initial = state();
  const share = () => {
    const now = state();
    writeLink({ id: row.id, state: now === initial ? undefined : now, words: filter.value });
  };
  let soon;
  const change = () => {
    clearTimeout(soon);
    soon = setTimeout(share, SHARED_AFTER);
    return update();
  };
  form.addEventListener("input", change);
  const [go, stop] = [$(".send", form), $(".cancel", form)];
  let control;
  stop.addEventListener("click", () => {
    control?.abort();
    go.focus();
  });
  $(".again", form).addEventListener("click", () => {
    modifiers.clear();
    const [, applied] = splitAt($(".applied code", form).textContent, ":");
    readLoiterField(applied).forEach(modifiers.put);
    modifiers.part.open = true;
    change();
    go.focus();
  });
  for (const button of $$(".copy", form)) {
    const code = $("code", button.parentElement);
    button.addEventListener("click", () => copy(button, code.textContent, code));
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (control) return;
    control = new AbortController();
    stop.disabled = false;
    const asked = (event.submitter ? change : update)();
    await (asked.messages ? converse : asked.times > 1 ? sendMany : send)(form, asked, control);
    control = undefined;
    stop.disabled = true;
  });
  forms.set(row, { form, put, share });
}

for (const row of rows) {
  row.addEventListener("toggle", () => {
    if (!row.open) return;
    if (!forms.has(row)) build(row);
    forms.get(row).share();
  });
}

// The first form: its answer comes first, then its modifiers. It runs by itself unless the address has
// a fragment.
const start = $("#start");
start.hidden = false;
build(start);
const { form: first } = forms.get(start);
first.prepend(...[".answer", ".act", ".line", ".odd"].flatMap((name) => $$(name, first)));
// Opens the form that the address names, with the values in it, and filters by its words.
function follow() {
  const { id, state, words } = readLink();
  if (words !== undefined) {
    filter.value = words;
    sift();
  }
  const row = [start, ...rows].find((row) => row.id === id);
  if (!row) return;
  if (!forms.has(row)) build(row);
  if (state !== undefined) forms.get(row).put(state);
  row.open = true;
  row.scrollIntoView();
}
window.addEventListener("hashchange", follow);

// --- the filter ---------------------------------------------------------------------------------

const sections = $$("main section").filter((section) => section !== start);
const links = new Map($$("nav a").map((link) => [link.hash.slice(1), link]));
const texts = new Map(rows.map((row) => {
  const group = $("h2", row.parentElement).textContent;
  return [row, `${row.dataset.path} ${$(".about", row).textContent} ${group}`.toLowerCase()];
}));

function sift() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const [row, text] of texts) {
    row.hidden = !words.every((word) => text.includes(word));
    left += !row.hidden;
  }
  start.hidden = words.length > 0;
  for (const section of sections) {
    section.hidden = !$("details[data-path]:not([hidden])", section);
    links.get(section.id).parentElement.hidden = section.hidden;
  }
  $(".none").hidden = left > 0;
  $(".filter output").textContent = words.length ? `${left} of ${rows.length}` : "";
}

let soon;
const shareFilter = () => writeLink({ ...readLink(), words: filter.value });

$(".filter").hidden = false;
filter.addEventListener("input", () => {
  sift();
  clearTimeout(soon);
  soon = setTimeout(shareFilter, SHARED_AFTER);
  const main = $("main");
  if (main.getBoundingClientRect().top < 0) main.scrollIntoView();
});
filter.addEventListener("keydown", (event) => {
  const found = rows.filter((row) => !row.hidden);
  if (event.key === "Enter" && !event.isComposing && found.length) {
    event.preventDefault(); // Enter would also toggle the row that gets the focus.
    found[0].open = true;
    $("summary", found[0]).focus();
  }
  if (event.key === "Escape") {
    filter.value = "";
    sift();
    shareFilter();
  }
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
  }
});

// Marks the current group: the last one in the upper quarter of the window.
const read = new Set();
const watch = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) read[isIntersecting ? "add" : "delete"](target);
  const now = sections.filter((section) => read.has(section)).pop();
  for (const [id, link] of links) {
    if (id === now?.id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "0px 0px -75% 0px" });
sections.forEach((section) => watch.observe(section));

document.documentElement.classList.add("live");
follow();
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
if (!location.hash && !still) first.requestSubmit();
