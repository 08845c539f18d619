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
const [filter, list, canvas] = ["#filter", "#list", "canvas"].map((selector) => $(selector));
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let skew; // of this clock from the server's, in milliseconds, at most
let span = 0; // milliseconds on the ruler
let connection = "Connecting.";

// Like the journal's own filter: a whole path, in which `*` is any text; or a part of the target.
function sieve() {
  const wanted = filter.value.trim();
  if (!wanted.includes("*")) return ({ target }) => target.includes(wanted);
  const parts = wanted.split(/\*+/).map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const whole = new RegExp(`^${parts.join(".*")}$`);
  return ({ target }) => whole.test(target.split("?")[0]);
}

function take(entry) {
  const old = entries.get(entry.id);
  const taken = entry.started + (entry.duration_us ?? 0) / 1000;
  skew = Math.min(skew ?? Infinity, Date.now() - taken);
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

function showNumbers(shown) {
  const waiting = shown.filter(({ state }) => state === "waiting");
  const sending = shown.filter(({ state }) => state === "sending").length;
  const next = Math.min(...waiting.map(remaining));
  const due = waiting.length ? `, the next is due in ${Math.max(next / 1000, 0).toFixed(1)} s` : "";
  const sent = sending ? `; ${sending} being sent` : "";
  say($("#state"), connection || `${plural(waiting.length, "request")} waiting${due}${sent}.`);
  // Without a delay there is nothing to be late for.
  const late = shown.filter(({ late_us, delay_us }) => delay_us && late_us !== null).map(({ late_us }) => late_us / 1000);
  $(".histogram").hidden = !late.length;
  if (late.length) histogram($(".histogram"), late);
  say($("#late"), late.length
    ? `Beyond the delay: ${summary(late)}; ${plural(late.length, "delayed answer")}.`
    : "No delayed answer yet.");
  say($("#count"), filter.value ? `${shown.length} of ${entries.size}` : plural(shown.length, "request"));
  $(".filter output").textContent = filter.value ? `${shown.length} of ${entries.size}` : "";
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
    state === "done" || state === "aborted" ? spelledUs(duration_us ?? 0) : "",
  ].filter(Boolean).join(", ");
}

// Where the body begins: behind the first empty line.
function endOfHead(bytes) {
  const end = bytes.findIndex((byte, n) => byte === 10 && bytes[n + 1] === 13 && bytes[n + 2] === 10);
  return end < 0 ? bytes.length : end + 3;
}

// What is shown of a request when it is opened: the bytes as they arrived.
async function showRaw(panel, id) {
  const shown = $(".shown", panel);
  try {
    const reply = await fetch(`requests/${id}/raw`, { cache: "no-store" });
    if (!reply.ok) throw new Error("The journal has this request no more.");
    const bytes = new Uint8Array(await reply.arrayBuffer());
    const head = endOfHead(bytes);
    shown.replaceChildren();
    for (const [media, part] of [["text/plain", bytes.subarray(0, head)], ["", bytes.subarray(head)]]) {
      const view = viewer(shown, media);
      if (part.length) view.piece(part);
      await view.end(part.length);
    }
  } catch (error) {
    shown.replaceChildren(make("p", { textContent: error.message }));
  }
}

function rowOf(id) {
  const row = make("details", { className: "request" });
  const head = make("summary");
  const parts = ["methods", "path", "took", "code"].map((className) => make("span", { className }));
  const panel = make("div", { className: "panel" });
  const link = make("a", { href: "requests/" + id, textContent: "JSON" });
  panel.append(make("p", { className: "facts" }), make("p", { className: "link" }), make("div", { className: "shown" }));
  $(".link", panel).append(link);
  head.append(...parts);
  row.append(head, panel);
  row.dataset.id = id;
  row.addEventListener("toggle", () => row.open && showRaw(panel, id));
  return row;
}

function fill(row, entry) {
  row.entry = entry;
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
  const newest = shown.slice(-LISTED);
  const ids = new Set(newest.map(({ id }) => id));
  for (const [id, row] of listed) {
    const used = row.open || row.contains(document.activeElement);
    if (ids.has(id) || (used && matches(row.entry))) continue;
    row.remove();
    listed.delete(id);
  }
  for (const entry of newest) {
    let row = listed.get(entry.id);
    if (!row) {
      row = rowOf(entry.id);
      const before = [...list.children].find((other) => Number(other.dataset.id) < entry.id);
      list.insertBefore(row, before ?? null);
      listed.set(entry.id, row);
    }
    if (row.entry !== entry) fill(row, entry);
  }
}

let planned;
let cost = 0; // milliseconds that drawing took
function later() {
  planned ??= setTimeout(show, Math.max(DRAWN_AFTER, DRAWN_SHARE * cost));
}

function show() {
  planned = undefined;
  const [began, matches] = [performance.now(), sieve()];
  // They come in the order in which they changed.
  const shown = [...entries.values()].filter(matches).sort((one, other) => one.id - other.id);
  showNumbers(shown);
  showList(shown, matches);
  if (!moving) move();
  cost = performance.now() - began;
}

// --- the connection -------------------------------------------------------------------------------

function forget() {
  entries.clear();
  listed.clear();
  list.replaceChildren();
  later();
}

async function clear() {
  const reply = await fetch("requests", { method: "DELETE", headers: { "Loiter-Admin": "1" } }).catch(() => undefined);
  if (reply?.ok) forget();
  $(".notice").textContent = reply?.ok ? "" : `Not deleted: ${reply ? await reply.text() : "no connection"}`;
}

// Each connection brings all that the journal has: it may be that of another process, with the same
// numbers for other requests. So the browser's own new try, which brings what is new, is of no use.
function connect() {
  const events = new EventSource("events");
  events.onopen = () => {
    [connection, skew] = ["", undefined];
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
    $(".notice").textContent = `${plural(JSON.parse(data).requests, "change")} came too fast to be shown.`;
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
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    filter.focus();
  });
  $("#clear").addEventListener("click", clear);
  setInterval(show, 1000); // The time to the next answer, and the ruler where nothing else moves.
  document.documentElement.classList.add("live");
  show();
  connect();
}
