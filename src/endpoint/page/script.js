"use strict";
// Turns each row into a place to try its route. Texts only ever go in as text, never as markup.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (name, props = {}) => Object.assign(document.createElement(name), props);

const KEPT = 256 * 1024; // bytes of a body that are shown
const DUMPED = 512; // bytes of a binary one
const MARKS = 400; // pieces marked on a ruler
const prefix = document.body.dataset.prefix;
const rows = $$("main details[data-path]");

// --- what is asked -----------------------------------------------------------------------------

const encode = (text) => encodeURIComponent(text).replace(/%(2C|3A|40)/g, decodeURIComponent);

function field(item) {
  const { name, choices, default: value } = item.dataset;
  const path = item.dataset.in === "path";
  const id = item.closest("details").id + "-" + name;
  const input = choices === undefined
    ? make("input", { type: "text", value: path ? value : "", placeholder: path ? "" : value })
    : make("select");
  if (choices !== undefined) {
    if (!path) input.append(make("option", { value: "", textContent: value || "left out" }));
    for (const text of choices.split("|")) {
      if (path || text !== value) input.append(make("option", { value: text, textContent: text }));
    }
    if (path) input.value = value;
  }
  if ("numeric" in item.dataset) input.inputMode = "numeric";
  Object.assign(input, { id, spellcheck: false, autocomplete: "off" });
  input.setAttribute("autocapitalize", "off");
  $(".hint", item).id = id + "-hint";
  input.setAttribute("aria-describedby", id + "-hint");
  const label = make("label", { className: "name", htmlFor: id });
  label.textContent = $(".name", item).textContent;
  $(".name", item).replaceWith(label);
  label.after(input);
  return { name, path, input };
}

function target(row, fields) {
  const query = [];
  let path = row.dataset.path;
  for (const { name, path: inPath, input } of fields) {
    const value = input.value;
    if (inPath) {
      const rest = `{${name}*}`;
      path = path.includes(rest)
        ? path.replace(rest, () => value.split("/").map(encode).join("/"))
        : path.replace(`{${name}}`, () => encode(value));
    } else if (value !== "") {
      query.push(name === "*" ? encodeURI(value).replace(/#/g, "%23") : `${name}=${encode(value)}`);
    }
  }
  return prefix + path + (query.length ? "?" + query.join("&") : "");
}

function ask(row, form, fields) {
  const method = form.elements.method.value;
  const body = ["GET", "HEAD"].includes(method) ? "" : form.elements.body.value;
  const headers = form.elements.headers.value.split("\n").filter((line) => line.trim());
  const typed = headers.some((line) => /^content-type\s*:/i.test(line));
  if (body && !typed) headers.push("Content-Type: " + mediaOf(body));
  return { method, target: target(row, fields), headers, body };
}

function mediaOf(body) {
  try {
    JSON.parse(body);
    return "application/json";
  } catch {
    return /^[^\s=&]+=[^\s]*$/.test(body) ? "application/x-www-form-urlencoded" : "text/plain";
  }
}

function curl({ method, target, headers, body }) {
  const quote = (text) =>
    /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  const words = ["curl"];
  if (method === "HEAD") words.push("--head");
  else if (method !== "GET") words.push("-X", method);
  for (const line of headers) words.push("-H", quote(line));
  if (body) words.push("--data-raw", quote(body));
  return [...words, quote(location.origin + target)].join(" ");
}

// --- what comes back ---------------------------------------------------------------------------

const spell = (ms) => Math.round(ms).toLocaleString("en") + " ms";
const size = (bytes) => bytes.toLocaleString("en") + (bytes === 1 ? " byte" : " bytes");

// A line from the request to the answer's last byte, with a mark for each piece of it.
function ruler(root) {
  const [wait, flow, ...labels] = root.children;
  const marks = [];
  let span = 0;
  const at = (ms) => (ms / span) * 100 + "%";
  const scale = (ms) => {
    const power = 10 ** Math.floor(Math.log10(Math.max(ms, 10)));
    const next = [1, 2, 5, 10].map((step) => step * power).find((step) => step >= ms);
    if (next === span) return;
    span = next;
    labels.forEach((label, n) => {
      const ms = (span / 2) * n;
      label.textContent = span < 1000 ? `${ms} ms` : `${ms / 1000} s`;
    });
    for (const mark of marks) mark.style.left = at(mark.ms);
  };
  return (now, first, piece, ended) => {
    scale(ended ? now : Math.max(now, span, 1000));
    wait.style.width = at(first ?? now);
    flow.style.left = at(first ?? now);
    flow.style.width = first === undefined ? "0" : at(now - first);
    if (piece && marks.length < MARKS) {
      const mark = make("i");
      mark.ms = now;
      mark.style.left = at(now);
      marks.push(mark);
      root.append(mark);
    }
  };
}

function dump(bytes) {
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, DUMPED); at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(47);
    const text = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "."));
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex}  ${text.join("")}`);
  }
  return lines.join("\n");
}

// Shows a body while it comes: as text, as a picture when it is whole, or as a dump of its bytes.
function viewer(root, media) {
  const picture = media.startsWith("image/");
  const texty = /^text\/|json|xml|javascript|urlencoded/.test(media);
  const decoder = new TextDecoder();
  const pre = make("pre", { tabIndex: 0 });
  const pieces = [];
  let kept = 0;
  let plain = !picture;
  const whole = () => {
    const bytes = new Uint8Array(kept);
    pieces.reduce((at, piece) => (bytes.set(piece, at), at + piece.length), 0);
    return bytes;
  };
  const piece = (bytes) => {
    const part = picture ? bytes : bytes.subarray(0, KEPT - kept);
    pieces.push(part);
    kept += part.length;
    const odd = !texty && part.some((byte) => byte > 126 || (byte < 32 && ![9, 10, 13].includes(byte)));
    if (odd) plain = false;
    if (plain) pre.append(decoder.decode(part, { stream: true }));
    else if (!picture) pre.textContent = dump(whole());
    if (!picture && !pre.isConnected) root.append(pre);
  };
  const end = async (total) => {
    if (picture && total) {
      const reader = new FileReader();
      reader.readAsDataURL(new Blob([whole()], { type: media }));
      await new Promise((done) => (reader.onloadend = done));
      root.append(make("img", { src: reader.result, alt: "The picture that was answered" }));
    }
    const told = plain ? KEPT : DUMPED;
    if (!picture && total > told) {
      root.append(make("p", { textContent: `The first ${size(told)} of ${size(total)}.` }));
    }
  };
  return { piece, end };
}

async function send(form, asked, control) {
  const answer = $(".answer", form);
  const [status, shown, timer] = [".status", ".shown", ".timer"].map((name) => $(name, form));
  $$("i", answer).forEach((mark) => mark.remove());
  shown.replaceChildren();
  status.replaceChildren();
  $(".fields", form).hidden = true;
  answer.hidden = false;
  const draw = ruler($(".ruler", form));
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  let first;
  let running = true;
  const tick = () => {
    if (!running) return;
    timer.textContent = (elapsed() / 1000).toFixed(2) + " s";
    draw(elapsed(), first);
    requestAnimationFrame(tick);
  };
  tick();
  const tell = (...parts) => status.replaceChildren(...parts);
  try {
    const headers = new Headers();
    for (const line of asked.headers) {
      const [, name, value] = /^([^:]*):(.*)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`This is no header: ${line}`);
      headers.append(name.trim(), value.trim());
    }
    const { method, body } = asked;
    const options = { method, headers, cache: "no-store", signal: control.signal };
    if (body) options.body = body;
    const reply = await fetch(asked.target, options);
    first = elapsed();
    draw(first, first, true);
    const media = reply.headers.get("Content-Type") ?? "";
    const code = make("strong", { textContent: `${reply.status} ${reply.statusText}`.trim() });
    code.dataset.class = String(reply.status)[0];
    tell(code, make("span", { textContent: "the answer has begun" }));
    const list = [...reply.headers].map(([name, value]) => `${name}: ${value}`);
    $(".fields summary", form).textContent =
      list.length + (list.length === 1 ? " header field" : " header fields");
    $(".fields pre", form).textContent = list.join("\n");
    $(".fields", form).hidden = false;
    const view = viewer(shown, media.toLowerCase());
    let total = 0;
    const reader = reply.body?.getReader();
    for (let part; reader && !(part = await reader.read()).done; ) {
      total += part.value.length;
      draw(elapsed(), first, true);
      view.piece(part.value);
    }
    const ended = elapsed();
    running = false;
    draw(ended, first, false, true);
    await view.end(total);
    const facts = [spell(ended), size(total), media || "no media type"];
    if (ended - first > 20) facts.splice(1, 0, `first byte after ${spell(first)}`);
    if (reply.redirected) facts.push("redirected to " + reply.url.replace(location.origin, ""));
    tell(code, ...facts.map((text) => make("span", { textContent: text })));
  } catch (error) {
    const ended = elapsed();
    running = false;
    draw(ended, first, false, true);
    const cancelled = error.name === "AbortError";
    const name = make("strong", { textContent: cancelled ? "Cancelled" : "No answer" });
    const after = make("span", { textContent: "after " + spell(ended) });
    tell(name, after, make("span", { textContent: cancelled ? "" : error.message }));
  } finally {
    timer.textContent = "";
  }
}

// --- the rows ----------------------------------------------------------------------------------

async function copy(button, text, code) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  } catch {
    // Only a page of a trusted origin may write there; a person may, once it is selected.
    getSelection().selectAllChildren(code);
  }
}

function build(row) {
  const form = $("#bench").content.cloneNode(true).firstElementChild;
  const panel = $(".panel", row);
  const params = $(".params", row);
  const fields = params ? $$("li", params).map(field) : [];
  if (params) form.prepend(params);
  const methods = row.dataset.methods.split(" ").filter((name) => name !== "TRACE");
  if (methods.includes("GET")) methods.splice(1, 0, "HEAD");
  const { method, body } = form.elements;
  method.append(...methods.map((name) => make("option", { textContent: name })));
  if ("body" in row.dataset && !methods.includes("GET")) $(".more", form).open = true;
  const [asked, line] = [$(".asked", form), $(".curl code", form)];
  const update = () => {
    const now = ask(row, form, fields);
    asked.textContent = now.target;
    line.textContent = curl(now);
    $(".content", form).hidden = ["GET", "HEAD"].includes(method.value);
    return now;
  };
  const [go, stop] = [$(".send", form), $(".cancel", form)];
  let control;
  form.addEventListener("input", update);
  stop.addEventListener("click", () => control.abort());
  $(".copy", form).addEventListener("click", (event) => copy(event.target, line.textContent, line));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    control?.abort();
    const mine = (control = new AbortController());
    stop.disabled = false;
    await send(form, update(), mine);
    if (control === mine) stop.disabled = true;
  });
  panel.append(form);
  update();
}

for (const row of rows) {
  row.addEventListener("toggle", () => {
    if (!row.open) return;
    if (!$(".bench", row)) build(row);
    history.replaceState(null, "", "#" + row.id);
  });
}

// --- finding a row -----------------------------------------------------------------------------

const filter = $("#filter");
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
  for (const section of $$("main section")) {
    section.hidden = !$("details[data-path]:not([hidden])", section);
  }
  $(".none").hidden = left > 0;
  $(".filter output").textContent = words.length ? `${left} of ${rows.length}` : "";
}

$(".filter").hidden = false;
filter.addEventListener("input", sift);
filter.addEventListener("keydown", (event) => {
  const found = rows.filter((row) => !row.hidden);
  if (event.key === "Enter" && found.length) {
    found[0].open = true;
    $("summary", found[0]).focus();
  }
  if (event.key === "Escape") {
    filter.value = "";
    sift();
  }
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
  }
});

const wanted = rows.find((row) => "#" + row.id === decodeURIComponent(location.hash));
if (wanted) {
  wanted.open = true;
  wanted.scrollIntoView();
}
document.documentElement.classList.add("live");
