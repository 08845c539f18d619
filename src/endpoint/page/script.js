"use strict";
// A form to try each route. Text is inserted as text, never as markup. login.js and curl.js are
// inserted before this file.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (name, props = {}) => Object.assign(document.createElement(name), props);

const MAX_TEXT = 256 * 1024; // bytes of a body to show
const MAX_BINARY = 512; // bytes of a binary body to show
const MARKS = 400; // chunks marked on the timeline
const prefix = document.body.dataset.prefix;
const rows = $$("main details[data-path]");

// --- the request --------------------------------------------------------------------------------

const encode = (text) => encodeURIComponent(text).replace(/%(2C|3A|40)/g, decodeURIComponent);

function field(item) {
  const { name, choices, default: value } = item.dataset;
  const path = item.dataset.in === "path";
  const required = "required" in item.dataset;
  const id = item.closest("details").id + "-" + name;
  const input = choices === undefined
    ? make("input", { type: "text", value: required ? value : "", placeholder: required ? "" : value })
    : make("select");
  if (choices !== undefined) {
    if (!required) input.append(make("option", { value: "", textContent: value || "left out" }));
    for (const text of choices.split("|")) {
      if (required || text !== value) input.append(make("option", { value: text, textContent: text }));
    }
    if (required) input.value = value;
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
  return { name, path, input, login: item.dataset.in === "login" };
}

// The field for the credentials: those in the path, unless the user writes others.
function loginItem(needs) {
  const bearer = needs.has("bearer");
  if (!bearer && !needs.has("basic") && !needs.has("digest")) return [];
  const item = make("li");
  const [name, about, form] = bearer
    ? ["token", "sent with the request", "text; not sent if empty"]
    : ["log in as", "sent with the request", "user:password; not sent if empty"];
  Object.assign(item.dataset, { name: "login", in: "login", default: bearer ? "token" : "", required: "" });
  const hint = make("span", { className: "hint", textContent: about });
  hint.append(make("small", { textContent: form }));
  item.append(make("span", { className: "name", textContent: name }), " ", hint);
  return [item];
}

function credentialsFromPath(fields) {
  const [user, passwd] = ["user", "passwd"].map((name) => fields.find((field) => field.name === name));
  const login = fields.find((field) => field.login);
  if (!login || !passwd) return;
  const credentials = user.input.value + ":" + passwd.input.value;
  if (login.input.value === (login.fromPath ?? "")) login.input.value = credentials;
  login.fromPath = credentials;
}

function target(row, fields) {
  const query = [];
  let path = row.dataset.path;
  for (const { name, path: inPath, input, login } of fields) {
    const value = input.value;
    if (login) continue;
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

// Paths that may answer with a challenge, for which a browser would open its dialog.
const challenges = rows
  .filter((row) => /basic|bearer|digest|challenge/.test(row.dataset.client))
  .map((row) => row.dataset.path.split("{")[0]);

function ask(row, form, fields) {
  const method = form.elements.method.value;
  const messages = "messages" in row.dataset;
  const bare = ["GET", "HEAD"].includes(method) && !messages;
  const takesBody = "body" in row.dataset;
  const file = bare ? undefined : form.elements.file.files[0];
  const body = bare ? "" : file ?? form.elements.body.value;
  const headers = form.elements.headers.value.split("\n").filter((line) => line.trim());
  const given = (name) => headers.some((line) => line.split(":")[0].trim().toLowerCase() === name);
  if (body && !given("content-type") && !messages) {
    headers.push("Content-Type: " + (file ? file.type || "application/octet-stream" : mediaOf(body)));
  }
  const needs = new Set(row.dataset.client.split(" "));
  const scheme = ["basic", "bearer", "digest"].find((name) => needs.has(name));
  const text = fields.find((field) => field.login)?.input.value;
  const login = text && !given("authorization") ? { scheme, text } : undefined;
  const to = target(row, fields);
  const challenged = challenges.some((path) => to.replaceAll("%2F", "/").includes(path));
  const { path } = row.dataset;
  return { method, target: to, headers, body, file, messages, needs, path, takesBody, login, challenged };
}

function mediaOf(body) {
  try {
    JSON.parse(body);
    return "application/json";
  } catch {
    return /^[^\s=&]+=[^\s]*$/.test(body) ? "application/x-www-form-urlencoded" : "text/plain";
  }
}

// --- the answer ---------------------------------------------------------------------------------

const spell = (ms) => Math.round(ms).toLocaleString("en") + " ms";
const size = (bytes) => bytes.toLocaleString("en") + (bytes === 1 ? " byte" : " bytes");

// A timeline from the request to the last byte of the answer, with a mark for each chunk.
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
  for (let at = 0; at < Math.min(bytes.length, MAX_BINARY); at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(47);
    const text = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "."));
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex}  ${text.join("")}`);
  }
  return lines.join("\n");
}

// Shows a body as it arrives: as text, as a hex dump, or as an image once it is complete.
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
    const part = picture ? bytes : bytes.subarray(0, MAX_TEXT - kept);
    pieces.push(part);
    kept += part.length;
    const odd = !texty && part.some((byte) => byte > 126 || (byte < 32 && ![9, 10, 13].includes(byte)));
    const changed = (plain && odd) || kept - part.length < MAX_BINARY;
    if (odd) plain = false;
    if (plain) pre.append(decoder.decode(part, { stream: true }));
    else if (!picture && changed) pre.textContent = dump(whole());
    if (!picture && !pre.isConnected) root.append(pre);
  };
  const end = async (total) => {
    if (picture && total) {
      const reader = new FileReader();
      reader.readAsDataURL(new Blob([whole()], { type: media }));
      await new Promise((done) => (reader.onloadend = done));
      root.append(make("img", { src: reader.result, alt: "The image in the answer" }));
    }
    const most = plain ? MAX_TEXT : MAX_BINARY;
    if (!picture && total > most) {
      root.append(make("p", { textContent: `The first ${size(most)} of ${size(total)}.` }));
    }
  };
  return { piece, end };
}

function headersOf(lines) {
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`Not a header field: ${line}`);
    headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return headers;
}

function showHeaders(root, reply) {
  const list = [...reply.headers].map(([name, value]) => `${name}: ${value}`);
  const count = list.length + (list.length === 1 ? " header field" : " header fields");
  $("summary", root).textContent = count;
  $("pre", root).textContent = list.join("\n");
  root.hidden = false;
}

// Measures one request and shows its progress in the form.
function clock(form) {
  const [status, shown, timer] = [".status", ".shown", ".timer"].map((name) => $(name, form));
  $$(".ruler i", form).forEach((mark) => mark.remove());
  status.replaceChildren();
  shown.replaceChildren();
  $(".fields", form).hidden = true;
  $(".answer", form).hidden = false;
  const draw = ruler($(".ruler", form));
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  let first, ended;
  const tick = () => {
    if (ended !== undefined) return;
    timer.textContent = (elapsed() / 1000).toFixed(2) + " s";
    draw(elapsed(), first);
    requestAnimationFrame(tick);
  };
  tick();
  const begin = () => (first = elapsed());
  const piece = () => draw(elapsed(), first, true);
  const end = () => {
    ended = elapsed();
    timer.textContent = "";
    draw(ended, first, !$(".ruler i", form) && first !== undefined, true);
    return [ended, first];
  };
  const showStatus = (text, kind, ...facts) => {
    const strong = make("strong", { textContent: text });
    strong.dataset.class = kind;
    const spans = facts.filter(Boolean).map((fact) => make("span", { textContent: fact }));
    status.replaceChildren(strong, ...spans);
  };
  return { begin, piece, end, showStatus, shown };
}

async function send(form, asked, control) {
  const { begin, piece, end, showStatus, shown } = clock(form);
  const { method, body } = asked;
  try {
    const headers = headersOf(asked.headers);
    const credentials = asked.challenged ? "omit" : "same-origin";
    const options = { method, headers, credentials, cache: "no-store", signal: control.signal };
    const reply = await fetchAs(asked, body ? { ...options, body } : options);
    begin();
    const media = reply.headers.get("Content-Type") ?? "";
    const code = [`${reply.status} ${reply.statusText}`.trim(), String(reply.status)[0]];
    showStatus(...code, "receiving");
    showHeaders($(".fields", form), reply);
    const view = viewer(shown, media.toLowerCase());
    const reader = reply.body?.getReader();
    let total = 0;
    for (let part; reader && !(part = await reader.read()).done; ) {
      total += part.value.length;
      piece();
      view.piece(part.value);
    }
    const [ended, first] = end();
    await view.end(total);
    const late = ended - first > 20 && `first byte after ${spell(first)}`;
    const went = reply.redirected && "from " + reply.url.replace(location.origin, "");
    const cut = reply.headers.get("X-Clamped");
    showStatus(...code, spell(ended), late, size(total), media || "no media type", went, cut && "clamped to " + cut);
  } catch (error) {
    const [ended] = end();
    const cancelled = error.name === "AbortError";
    const [text, why] = cancelled ? ["Cancelled"] : ["No answer", error.message];
    showStatus(text, cancelled ? "" : "5", "after " + spell(ended), why);
  }
}

// Sends each line as a message and shows the messages that arrive.
async function converse(form, asked, control) {
  const { begin, piece, end, showStatus, shown } = clock(form);
  const lines = asked.body.split("\n");
  const socket = new WebSocket(socketUrl(asked.target));
  const pre = make("pre", { tabIndex: 0 });
  let back = 0;
  socket.onopen = () => {
    begin();
    showStatus("101 Switching Protocols", "2", "the connection is open");
    shown.append(pre);
    for (const line of lines) socket.send(line);
  };
  socket.onmessage = ({ data }) => {
    piece();
    pre.append(data + "\n");
    if (++back === lines.length) socket.close();
  };
  control.signal.onabort = () => socket.close();
  const { code } = await new Promise((done) => (socket.onclose = done));
  const [ended, first] = end();
  const facts = [spell(ended), `${back} of ${lines.length} messages`, "closed with " + code];
  showStatus(first === undefined ? "No connection" : "101 Switching Protocols", first ? "2" : "5", ...facts);
}

// --- the rows -----------------------------------------------------------------------------------

async function copy(button, text, code) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  } catch {
    // Without a secure context only the user can copy; select the text for that.
    getSelection().selectAllChildren(code);
  }
}

function build(row) {
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
  const methods = row.dataset.methods.split(" ").filter((name) => name !== "TRACE");
  const talks = "messages" in row.dataset;
  if (methods.includes("GET") && !talks) methods.splice(1, 0, "HEAD");
  const { method, body, file } = form.elements;
  const takesBody = "body" in row.dataset;
  if (talks) {
    $(".headers", form).hidden = true;
    $(".more summary", form).textContent = "Messages";
    $(".content", form).firstChild.textContent = "One per line ";
    body.value = "Hello";
  }
  method.append(...methods.map((name) => make("option", { textContent: name })));
  if (talks || (takesBody && !methods.includes("GET"))) $(".more", form).open = true;
  const [asked, line] = [$(".asked", form), $(".curl code", form)];
  const update = () => {
    credentialsFromPath(fields);
    const now = ask(row, form, fields);
    asked.textContent = now.target;
    line.textContent = curl(now);
    const bare = ["GET", "HEAD"].includes(method.value);
    $(".content", form).hidden = bare && !talks;
    $(".file", form).hidden = bare || !takesBody;
    return now;
  };
  const [go, stop] = [$(".send", form), $(".cancel", form)];
  let control;
  // The body is a text or a file, whichever was entered last.
  body.addEventListener("input", () => (file.value = ""));
  file.addEventListener("input", () => (body.value = ""));
  method.addEventListener("input", () => {
    if (takesBody && !["GET", "HEAD"].includes(method.value)) $(".more", form).open = true;
  });
  form.addEventListener("input", update);
  stop.addEventListener("click", () => {
    control?.abort();
    go.focus();
  });
  $(".copy", form).addEventListener("click", (event) => copy(event.target, line.textContent, line));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (control) return;
    control = new AbortController();
    stop.disabled = false;
    await (talks ? converse : send)(form, update(), control);
    control = undefined;
    stop.disabled = true;
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

// --- the filter ---------------------------------------------------------------------------------

const filter = $("#filter");
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
  for (const section of $$("main section")) {
    section.hidden = !$("details[data-path]:not([hidden])", section);
    links.get(section.id).parentElement.hidden = section.hidden;
  }
  $(".none").hidden = left > 0;
  $(".filter output").textContent = words.length ? `${left} of ${rows.length}` : "";
}

$(".filter").hidden = false;
filter.addEventListener("input", () => {
  sift();
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
  const now = $$("main section").filter((section) => read.has(section)).pop();
  for (const [id, link] of links) {
    if (id === now?.id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "0px 0px -75% 0px" });
$$("main section").forEach((section) => watch.observe(section));

const wanted = rows.find((row) => "#" + row.id === location.hash);
if (wanted) {
  wanted.open = true;
  wanted.scrollIntoView();
}
document.documentElement.classList.add("live");
