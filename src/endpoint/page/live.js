"use strict";
// The journal as it changes: requests that wait, on a ruler; how late those were that were answered; and
// a list. All of it follows the path that is asked for.

const KEPT = 5000; // requests in the page
const LISTED = 200; // requests in the list
const DRAWN_AFTER = 150; // milliseconds from a change to its place in the page, at least
const DRAWN_SHARE = 5; // of this many milliseconds, one is for drawing
const RETRIED_AFTER = 1000; // milliseconds
const GONE_AFTER = 700; // milliseconds that an answered request stays on the ruler
const RULER_MOST = 24; // pixels of a tick

const entries = new Map(); // by number, the oldest first
const listed = new Map(); // what is in the list, by number
const spare = []; // rows that were never open, to be used again
const [filter, list, canvas] = ["#filter", "#list", "canvas"].map((selector) => $(selector));
const pause = $("#pause");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let skew; // of this clock from the server's, in milliseconds, at most
let span = 0; // milliseconds on the ruler
let connection = "Connecting.";
let newest = 0; // number of a request
let drawn = 0; // the newest when the list was drawn
let pointed = false; // whether the pointer is on the list
let lost; // what the journal has dropped

// The journal's parameter `target`, in which `*` is any text; without one, a part of it is meant.
function pattern() {
  const wanted = filter.value.trim();
  return !wanted || wanted.includes("*") ? wanted : `*${wanted}*`;
}

// Matches what the journal does.
function sieve() {
  if (!pattern()) return () => true;
  const parts = pattern().split(/\*+/).map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const whole = new RegExp(`^${parts.join("[^]*")}$`);
  return ({ target }) => whole.test(target);
}

// What is shown, for requests to the journal.
function query(more) {
  const chosen = pattern() ? { target: pattern(), ...more } : more;
  return "?" + new URLSearchParams(chosen);
}

function take(entry) {
  const old = entries.get(entry.id);
  const taken = entry.started + (entry.duration_us ?? 0) / 1000;
  skew = Math.min(skew ?? Infinity, Date.now() - taken);
  newest = Math.max(newest, entry.id);
  const over = old?.state === "waiting" && entry.state !== "waiting";
  entries.set(entry.id, { ...entry, over: over ? performance.now() : old?.over });
  for (const id of entries.keys()) {
    if (entries.size <= KEPT) break;
    entries.delete(id);
  }
  later();
}

// --- the ruler ------------------------------------------------------------------------------------

// Milliseconds until an answer is due, by this clock.
const remaining = ({ started, delay_us }) => started + skew + delay_us / 1000 - Date.now();

function rescale(waiting) {
  const most = Math.max(...waiting.map(remaining), 1000);
  if (waiting.length && most <= span) return;
  const power = 10 ** Math.floor(Math.log10(most));
  span = [1, 2, 5, 10].map((step) => step * power).find((step) => step >= most);
  const labels = $$(".ruler span").slice(0, 2);
  labels.forEach((label, n) => (label.textContent = `${span / 1000 / (n + 1)} s before`));
}

function drawTicks() {
  const [all, matches, now] = [[...entries.values()], sieve(), performance.now()];
  const waiting = all.filter(({ state }) => state === "waiting").filter(matches);
  const gone = all.filter(({ over }) => now - over < GONE_AFTER).filter(matches);
  rescale(waiting);
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio];
  if (canvas.width !== Math.round(width * ratio)) {
    [canvas.width, canvas.height] = [width * ratio, height * ratio].map(Math.round);
  }
  const context = canvas.getContext("2d");
  const colors = getComputedStyle(document.documentElement);
  const tick = (left, height) => context.fillRect(left - 1, canvas.clientHeight - height, 2, height);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.fillStyle = colors.getPropertyValue("--ink");
  context.globalAlpha = waiting.length > 200 ? 0.5 : 1;
  for (const entry of waiting) {
    const ahead = Math.min(Math.max(remaining(entry) / span, 0), 1);
    tick(1 + (width - 2) * (1 - ahead), RULER_MOST);
  }
  // Those that were answered fade at the end.
  context.fillStyle = colors.getPropertyValue("--signal");
  for (const { over } of gone) {
    context.globalAlpha = 1 - (now - over) / GONE_AFTER;
    tick(width - 1, height);
  }
  return waiting.length + gone.length;
}

let moving = false;
function move() {
  moving = drawTicks() > 0 && !calm.matches;
  if (moving) requestAnimationFrame(move);
}

// --- the numbers ----------------------------------------------------------------------------------

const plural = (count, name) => `${count.toLocaleString("en")} ${name}${count === 1 ? "" : "s"}`;
const say = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

function showWaiting(shown) {
  const waiting = shown.filter(({ state }) => state === "waiting");
  const sending = shown.filter(({ state }) => state === "sending").length;
  const next = Math.min(...waiting.map(remaining));
  const due = waiting.length ? `, the next is due in ${Math.max(next / 1000, 0).toFixed(1)} s` : "";
  const sent = sending ? `; ${sending} being sent` : "";
  say($("#state"), connection || `${plural(waiting.length, "request")} waiting${due}${sent}.`);
}

function showNumbers(shown) {
  // Without a delay there is nothing to be late for.
  const late = shown.filter(({ late_us, delay_us }) => delay_us && late_us !== null).map(({ late_us }) => late_us / 1000);
  $(".histogram").hidden = !late.length;
  if (late.length) histogram($(".histogram"), late);
  say($("#late"), late.length
    ? `Beyond the delay: ${summary(late)}; ${plural(late.length, "delayed answer")}.`
    : "No delayed answer yet.");
  say($("#count"), filter.value ? `${shown.length} of ${entries.size}` : plural(shown.length, "request"));
  $(".filter output").textContent = filter.value ? `${shown.length} of ${entries.size}` : "";
  const { requests, bodies_cut } = lost ?? {};
  $("#lost").hidden = !requests && !bodies_cut;
  say($("#lost"), [
    requests && `${plural(requests, "older request")} ${requests === 1 ? "was" : "were"} dropped.`,
    bodies_cut && `Of ${plural(bodies_cut, "request")}, only the beginning of the body was kept.`,
    "A larger --journal or --journal-bytes keeps more.",
  ].filter(Boolean).join(" "));
  $("#clear").disabled = !shown.length;
  say($("#clear"), filter.value.trim() ? "Clear matching" : "Clear all");
  for (const link of $$(".links a[href*='/requests']")) link.search = query();
  const none = $(".none");
  none.hidden = shown.length > 0;
  say(none, entries.size ? "No request matches." : "No requests yet. Send one, and it appears here.");
}

// --- the list -------------------------------------------------------------------------------------

const spelledUs = (us) => precise(us / 1000);

function label({ state, status }) {
  if (state === "done") return [status || "no answer", String(status)[0]];
  return [state, state === "aborted" ? "5" : ""];
}

function times({ state, delay_us, late_us, duration_us }) {
  return [
    delay_us ? "delay " + spelledUs(delay_us) : "",
    delay_us && late_us !== null ? "late " + spelledUs(late_us) : "",
    state === "done" || state === "aborted" ? "took " + spelledUs(duration_us ?? 0) : "",
  ].filter(Boolean).map((time) => time.replaceAll(" ", "\u00a0")).join(", ");
}

// Where the body begins: behind the first empty line.
function endOfHead(bytes) {
  const end = bytes.findIndex((byte, n) => byte === 10 && bytes[n + 1] === 13 && bytes[n + 2] === 10);
  return end < 0 ? bytes.length : end + 3;
}

async function ask(path) {
  const reply = await fetch("requests/" + path, { cache: "no-store" });
  if (!reply.ok) throw new Error("The journal has this request no more.");
  return reply;
}

// Whether a body is text: UTF-8 without control characters. One that was cut may end within a character.
function isText(bytes) {
  try {
    return !/[^\P{Cc}\s]/u.test(new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true }));
  } catch {
    return false;
  }
}

// What is shown of a request when it is opened: the bytes as they arrived.
async function showRaw({ dataset, entry: { request_bytes } }, shown) {
  try {
    const bytes = new Uint8Array(await (await ask(dataset.id + "/raw")).arrayBuffer());
    const head = endOfHead(bytes);
    shown.replaceChildren();
    showBytes(shown, bytes.subarray(0, head), true);
    showBytes(shown, bytes.subarray(head), isText(bytes.subarray(head)));
    const kept = bytes.length - head;
    if (kept < request_bytes) shown.append(make("p", { textContent: `The journal kept the first ${size(kept)} of ${size(request_bytes)}.` }));
  } catch (error) {
    shown.replaceChildren(make("p", { textContent: error.message }));
  }
}

function showBytes(shown, bytes, text) {
  if (!bytes.length) return;
  const view = viewer(shown, text ? "text/plain" : "");
  view.piece(bytes);
  view.end(bytes.length);
}

// Its answer, once that was sent: the head, and the beginning of the body.
async function showAnswer({ dataset }, shown) {
  const found = await ask(dataset.id).then((reply) => reply.json()).catch(() => undefined);
  if (!found?.response_headers.length) return;
  const lines = found.response_headers.map(([name, value]) => `${name}: ${value}`);
  const head = [found.response_line, ...lines].filter(Boolean).join("\n");
  shown.replaceChildren(make("p", { textContent: "The answer:" }), make("pre", { tabIndex: 0, textContent: head }));
  const { response_body: text, response_body_base64: base64, response_bytes } = found;
  const bytes = base64 ? Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)) : new TextEncoder().encode(text);
  showBytes(shown, bytes, !base64);
  if (bytes.length < response_bytes && found.duration_us !== null) {
    shown.append(make("p", { textContent: `The journal kept the first ${size(bytes.length)} of ${size(response_bytes)}.` }));
  }
}

function makeRow() {
  const row = make("details", { className: "request" });
  const head = make("summary");
  const parts = ["methods", "path", "took", "code"].map((className) => make("span", { className }));
  const panel = make("div", { className: "panel" });
  const link = make("a", { textContent: "JSON" });
  const [raw, answer] = ["", ""].map(() => make("div", { className: "shown" }));
  panel.append(make("p", { className: "facts" }), make("p", { className: "link" }), raw, answer);
  $(".link", panel).append(link);
  head.append(...parts);
  row.append(head, panel);
  row.become = (id) => {
    row.dataset.id = id;
    link.href = "requests/" + id;
  };
  row.addEventListener("toggle", () => {
    if (row.open) {
      row.become = undefined;
      showRaw(row, raw);
    }
    row.changed();
    later();
  });
  row.changed = () => row.open && showAnswer(row, answer);
  return row;
}

function fill(row, entry) {
  row.entry = entry;
  row.changed();
  const [code, kind] = label(entry);
  say($(".methods", row), entry.method);
  say($(".path", row), entry.target);
  say($(".took", row), times(entry));
  say($(".code", row), String(code));
  $(".code", row).dataset.class = kind;
  const { peer, listener, version, tls, route, modifiers, error, request_bytes, response_bytes, started } = entry;
  say($(".facts", row), [
    new Date(started).toTimeString().slice(0, 8),
    peer && `from ${peer}`, `to ${listener}`, version, tls, route && `route ${route}`,
    modifiers && `modifiers ${modifiers}`, `${size(request_bytes)} received`, `${size(response_bytes)} sent`, error,
  ].filter(Boolean).join(" \u00b7 "));
}

// The newest; and those that the user has opened or is at, as long as they match.
function showList(shown, matches) {
  const newest = shown.slice(-LISTED).reverse();
  const ids = new Set(newest.map(({ id }) => id));
  for (const [id, row] of listed) {
    const used = row.open || row.contains(document.activeElement);
    if (ids.has(id) || (used && matches(row.entry))) continue;
    row.remove();
    listed.delete(id);
    if (row.become && !row.open) spare.push(row);
  }
  let next = list.firstChild;
  for (const entry of newest) {
    while (next && next.dataset.id > entry.id) next = next.nextSibling;
    let row = listed.get(entry.id);
    if (!row) {
      row = spare.pop() ?? makeRow();
      row.become(entry.id);
      list.insertBefore(row, next);
      listed.set(entry.id, row);
    }
    if (row.entry !== entry) fill(row, entry);
  }
}

// Why the list stays as it is, if it does: nothing moves under a pointer, or away from the focus.
function held() {
  if (pause.ariaPressed === "true") return "";
  if ($(".request[open]", list)) return " at an open request";
  if (pointed && list.firstChild) return " at the pointer";
  if ($(":focus-visible", list)) return " at the focus";
}

// What has changed of the requests in the list, and how many it does not show yet.
function holdList(shown, why) {
  for (const [id, row] of listed) {
    const entry = entries.get(id);
    if (entry && row.entry !== entry) fill(row, entry);
  }
  const came = shown.filter(({ id }) => id > drawn).length;
  const more = came < KEPT ? "" : "+";
  say($("#held"), `Paused${why}${came ? `; ${came.toLocaleString("en")}${more} came` : ""}.`);
}

let planned;
let cost = 0; // milliseconds until all was drawn
function later() {
  planned ??= setTimeout(() => show(), Math.max(DRAWN_AFTER, DRAWN_SHARE * cost));
}

// Draws all of it; the list, while it is held, only if the user asks for it.
function show(asked) {
  planned = undefined;
  const [began, matches] = [performance.now(), sieve()];
  // They come in the order in which they changed.
  const shown = [...entries.values()].filter(matches).sort((one, other) => one.id - other.id);
  const why = asked ? undefined : held();
  showWaiting(shown);
  if (why !== undefined) {
    holdList(shown, why);
  } else {
    showNumbers(shown);
    showList(shown, matches);
    say($("#held"), "");
    drawn = newest;
  }
  if (!moving) move();
  requestAnimationFrame(() => setTimeout(() => (cost = performance.now() - began)));
}

// --- the connection -------------------------------------------------------------------------------

function forget() {
  entries.clear();
  listed.clear();
  list.replaceChildren();
  drawn = newest;
  later();
}

// Deletes what is shown: not what came since the list was drawn, as while it is held.
async function clear() {
  const [matches, last] = [sieve(), drawn];
  const options = { method: "DELETE", headers: { "Loiter-Admin": "1" } };
  const reply = await fetch("requests" + query({ until: last }), options).catch(() => undefined);
  if (reply?.ok) {
    for (const entry of entries.values()) if (entry.id <= last && matches(entry)) entries.delete(entry.id);
    listed.clear();
    list.replaceChildren();
    show(true);
  }
  $(".notice").textContent = reply?.ok ? "" : `Not deleted: ${reply ? await reply.text() : "no connection"}`;
}

// Each connection brings all that the journal has: it may be that of another process, with the same
// numbers for other requests. So the browser's own new try, which brings what is new, is of no use.
function connect() {
  const events = new EventSource("events");
  events.onopen = () => {
    connection = "";
    skew = lost = undefined;
    newest = 0;
    $(".notice").textContent = "";
    forget();
  };
  events.onerror = () => {
    const closed = events.readyState === EventSource.CLOSED;
    connection = `${closed ? "The server sends no events" : "Disconnected"}; trying again.`;
    events.close();
    setTimeout(connect, RETRIED_AFTER);
    later();
  };
  events.addEventListener("request", ({ data }) => take(JSON.parse(data)));
  events.addEventListener("skipped", ({ data }) => {
    const { requests } = JSON.parse(data);
    $(".notice").textContent = entries.size
      ? `${plural(requests, "change")} came too fast to be shown.`
      : `The last ${KEPT.toLocaleString("en")} requests are shown, and ${plural(requests, "older one")} not.`;
  });
  events.addEventListener("dropped", ({ data }) => {
    lost = JSON.parse(data);
    later();
  });
}

if (list) {
  $(".filter").hidden = false;
  try {
    filter.value = decodeURIComponent(location.hash.slice(1));
  } catch {
    // Not an address of this page.
  }
  filter.addEventListener("input", () => {
    history.replaceState(null, "", filter.value ? "#" + encodeURIComponent(filter.value) : location.pathname);
    show(true);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    filter.focus();
  });
  $("#clear").addEventListener("click", clear);
  pause.addEventListener("click", () => {
    pause.ariaPressed = String(pause.ariaPressed !== "true");
    show();
  });
  for (const [type, is] of [["pointerenter", true], ["pointerleave", false]]) {
    list.addEventListener(type, () => {
      pointed = is;
      later();
    });
  }
  setInterval(show, 1000); // The time to the next answer, and the ruler where nothing else moves.
  document.documentElement.classList.add("live");
  show();
  connect();
}
