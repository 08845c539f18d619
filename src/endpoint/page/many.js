"use strict";
// The same request many times at once, and how late the answers began.

const ENTRIES_WAIT = 50; // milliseconds, and how often, to wait for the browser's measurements
const ENTRIES_TRIES = 40;

// Requests one answer and discards it; what became of it.
async function outcome(asked, control) {
  let reply;
  try {
    reply = await fetchAs(asked, optionsOf(asked, control));
    const reader = reply.body?.getReader();
    while (reader && !(await reader.read()).done);
    return statusOf(reply);
  } catch (error) {
    return error.name === "AbortError" ? "cancelled" : reply ? `${statusOf(reply)}, cut off` : "no answer";
  }
}

// The browser's measurements of the answers that came. It adds them shortly after an answer's end.
async function measurements(url, count) {
  let entries = [];
  for (let tries = 0; tries < ENTRIES_TRIES && entries.length < count; tries++) {
    await new Promise((done) => setTimeout(done, ENTRIES_WAIT));
    entries = performance.getEntriesByName(url, "resource");
  }
  return entries.filter((entry) => entry.requestStart && entry.responseStart);
}

// From sending a request until its head came, beyond the delay that the server had to keep. The time
// that it waited in the browser for a connection is before that.
function lateness(entry) {
  const delay = entry.serverTiming.find(({ name }) => name === "initial_delay")?.duration ?? 0;
  const came = entry.finalResponseHeadersStart || entry.responseStart;
  return came - entry.requestStart - delay;
}

// How many were under way at the same time.
function mostAtOnce(entries) {
  const steps = entries.flatMap((entry) => [[entry.requestStart, 1], [entry.responseEnd, -1]]);
  steps.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let now = 0;
  return steps.reduce((most, [, step]) => Math.max(most, now += step), 0);
}

// What limited the requests, in a sentence.
function limitOf(entries) {
  const most = mostAtOnce(entries);
  const wait = Math.max(...entries.map((entry) => entry.requestStart - entry.startTime));
  const waited = `The longest wait in the browser, ${precise(wait)}, is not counted as lateness.`;
  if (entries[0].nextHopProtocol === "h2") return `HTTP/2: ${most} at once on one connection. ${waited}`;
  return `HTTP/1.1: ${most} at once, because a browser opens six connections to a host. ${waited}`
    + " Over https all go at once.";
}

function showLateness(root, entries) {
  const late = entries.map(lateness);
  const list = make("ol", { className: "histogram", ariaLabel: "Answers by milliseconds late" });
  histogram(list, late);
  const say = (textContent) => make("p", { textContent });
  root.append(say(`Time to the first byte beyond the delay, in this browser: ${summary(late)}.`), list, say(limitOf(entries)));
}

async function sendMany(form, asked, control) {
  const { begin, piece, end, showStatus, shown } = clock(form);
  performance.setResourceTimingBufferSize(4 * MOST); // Digest authentication needs two for each.
  performance.clearResourceTimings();
  const outcomes = new Map();
  let ended = 0;
  showStatus(`0 of ${asked.times}`, "");
  await Promise.all(Array.from({ length: asked.times }, async () => {
    const name = await outcome(asked, control);
    if (!ended++) begin();
    piece();
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
    const counts = [...outcomes].map(([name, count]) => `${count} \u00d7 ${name}`);
    const kind = [...outcomes.keys()].every((name) => /^[1-4]\d\d( [^,]*)?$/.test(name)) ? "2" : "5";
    showStatus(`${ended} of ${asked.times}`, kind, ...counts);
  }));
  const [took] = end();
  $(".status", form).append(make("span", { textContent: spell(took) }));
  const url = new URL(asked.target, location.href).href;
  const answered = [...outcomes].filter(([name]) => /^\d/.test(name));
  const entries = await measurements(url, answered.reduce((sum, [, count]) => sum + count, 0));
  if (entries.length) showLateness(shown, entries);
}
