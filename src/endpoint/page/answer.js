"use strict";
// Sending a request, and showing its answer as it arrives.

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

// The values that were drawn for the answer, and a button that asks for just these again.
function showApplied(form, reply) {
  const applied = reply.headers.get("Loiter");
  $(".applied", form).hidden = !applied;
  $(".applied code", form).textContent = "Loiter: " + applied;
}

// Measures one request and shows its progress in the form.
function clock(form) {
  const [status, shown, timer] = [".status", ".shown", ".timer"].map((name) => $(name, form));
  $$(".ruler i, .ruler em", form).forEach((mark) => mark.remove());
  status.replaceChildren();
  shown.replaceChildren();
  $(".fields", form).hidden = true;
  $(".applied", form).hidden = true;
  $(".answer", form).hidden = false;
  const { draw, drawBreak } = ruler($(".ruler", form));
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  let first, last, ended;
  const tick = () => {
    if (ended !== undefined) return;
    timer.textContent = (elapsed() / 1000).toFixed(2) + " s";
    draw(elapsed(), first);
    requestAnimationFrame(tick);
  };
  tick();
  const begin = () => (first = last = elapsed());
  const piece = () => draw((last = elapsed()), first, true);
  const end = () => {
    ended = elapsed();
    timer.textContent = "";
    draw(ended, first, !$(".ruler i", form) && first !== undefined, true);
    return [ended, first];
  };
  // The end of an answer that broke. `how` is given how long nothing had come.
  const breakOff = (how, fault) => {
    ended = elapsed();
    timer.textContent = "";
    draw(ended, first, false, true);
    const text = how(ended - (last ?? 0));
    // In two lines, for narrow windows.
    drawBreak(ended, [text, fault].filter(Boolean).join(":\n"));
    return [text, ended];
  };
  const showStatus = (text, kind, ...facts) => {
    const strong = make("strong", { textContent: text });
    strong.dataset.class = kind;
    const spans = facts.filter(Boolean).map((fact) => make("span", { textContent: fact }));
    status.replaceChildren(strong, ...spans);
  };
  return { begin, piece, end, breakOff, showStatus, shown };
}

function optionsOf(asked, { signal }) {
  const { method, body, file, multipart } = asked;
  const headers = headersOf(asked.headers);
  const credentials = asked.challenged ? "omit" : "same-origin";
  const options = { method, headers, credentials, cache: "no-store", signal };
  if (!body) return options;
  if (!multipart) return { ...options, body };
  const form = new FormData();
  form.append("file", file);
  return { ...options, body: form };
}

const statusOf = (reply) => `${reply.status} ${reply.statusText}`.trim();

// The length that an answer announced, if the browser's bytes are those on the wire.
function announced({ method }, { headers }) {
  const given = method !== "HEAD" && !headers.has("Content-Encoding") && headers.get("Content-Length");
  return given ? Number(given) : undefined;
}

// How an answer broke. A page is not given the reason, so the fault that was applied or asked for is
// named beside it.
function breakOf({ reply, stopped, short, quiet }) {
  if (!stopped) return !reply ? "no answer" : short ? "closed early" : "cut off";
  return !reply ? "no answer until stopped" : quiet < QUIET ? "stopped" : "stalled until stopped";
}

async function send(form, asked, control) {
  const { begin, piece, end, breakOff, showStatus, shown } = clock(form);
  let reply, total = 0, short;
  try {
    reply = await fetchAs(asked, optionsOf(asked, control));
    begin();
    const media = reply.headers.get("Content-Type") ?? "";
    const code = [statusOf(reply), String(reply.status)[0]];
    showStatus(...code, "receiving");
    showHeaders($(".fields", form), reply);
    showApplied(form, reply);
    const view = viewer(shown, media.toLowerCase());
    const reader = reply.body?.getReader();
    for (let part; reader && !(part = await reader.read()).done; ) {
      total += part.value.length;
      piece();
      view.piece(part.value);
    }
    short = total < announced(asked, reply);
    if (short) throw new Error("The body is shorter than announced.");
    const [ended, first] = end();
    await view.end(total);
    const late = ended - first > 20 && `first byte after ${spell(first)}`;
    const went = reply.redirected && "from " + reply.url.replace(location.origin, "");
    const cut = reply.headers.get("X-Clamped");
    showStatus(...code, spell(ended), late, size(total), media || "no media type", went, cut && "clamped to " + cut);
  } catch (error) {
    const stopped = error.name === "AbortError";
    const fault = faultOf(asked.modifiers, reply);
    const [how, ended] = breakOff((quiet) => breakOf({ reply, stopped, short, quiet }), fault);
    const wanted = reply && announced(asked, reply);
    const came = reply && size(total) + (wanted ? ` of ${wanted.toLocaleString("en")}` : "");
    const what = stopped ? "Cancelled" : reply ? `${statusOf(reply)}, ${how}` : "No answer";
    const why = stopped ? how : !fault && error.message;
    showStatus(what, stopped ? "" : "5", "after " + spell(ended), came, why, fault);
  }
}

// Sends each line as a message and shows the messages that arrive.
async function converse(form, asked, control) {
  const { begin, piece, end, breakOff, showStatus, shown } = clock(form);
  const lines = asked.body.split("\n");
  const socket = new WebSocket(socketUrl(asked.target));
  const pre = make("pre", { tabIndex: 0 });
  let back = 0;
  let open = false;
  socket.onopen = () => {
    open = true;
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
  const whole = back === lines.length;
  const fault = faultOf(asked.modifiers);
  const how = control.signal.aborted ? "stopped" : open ? "closed early" : "no connection";
  const ended = whole ? end()[0] : breakOff(() => how, fault)[1];
  const facts = [`${back} of ${lines.length} messages`, "closed with " + code, !whole && fault];
  const what = open ? "101 Switching Protocols" + (whole ? "" : ", " + how) : "No connection";
  showStatus(what, whole ? "2" : "5", spell(ended), ...facts);
}
