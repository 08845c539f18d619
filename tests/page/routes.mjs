// For every route: its curl command gets the status and the body that Send shows.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { done, expectFailures, folder, open, row } from "./harness.mjs";

// Members that differ from one request to the next: what each client adds by itself, and what is random
// or a time, or counts requests.
const OWN = ["headers", "user-agent", "origin", "uuid", "timestamp", "id", "item_id", "created", "created_at",
  "completed_at", "total_duration", "load_duration", "prompt_eval_duration", "eval_duration", "remaining", "reset",
  "reset_after"];
// Answers that are random, of which only the length is compared.
const RANDOM = ["/bytes/{n}", "/stream-bytes/{n}"];
// Its status is random.
const UNSTABLE = "/unstable";
// Answers that are the request itself, of which only the first line is compared.
const ECHOES = ["/dump/request", "/raw"];
// A browser opens WebSocket connections and curl does not, so that is a command for websocat.
const NO_CURL = ["/websocket/echo"];

// Runs a command in a folder of its own; its status and the body that it writes.
async function outcomeOfCurl(line) {
  const place = mkdtempSync(join(folder, "curl-"));
  const script = `curl() { command curl -sS --max-time 30 -w '\\n%{http_code}' "$@"; }; ${line}`;
  const options = { cwd: place, encoding: "buffer", maxBuffer: 1 << 26 };
  const { stdout } = await promisify(execFile)("bash", ["-c", script], options);
  const end = stdout.lastIndexOf("\n");
  const saved = / -o (\S+)/.exec(line);
  const body = saved ? readFileSync(join(place, saved[1])) : stdout.subarray(0, end);
  assert.ok(!saved || existsSync(join(place, saved[1])), line);
  rmSync(place, { recursive: true });
  return { status: stdout.subarray(end + 1).toString(), body };
}

async function outcomeOfSend(route) {
  await route.locator(".cancel:disabled").waitFor();
  const status = await route.locator(".status").textContent();
  const pre = route.locator(".shown pre");
  return {
    status: status.slice(0, 3),
    bytes: Number(/([\d,]+) bytes?/.exec(status)?.[1].replaceAll(",", "")),
    text: (await pre.count()) ? await pre.textContent() : undefined,
  };
}

// A text without what differs: as JSON, as lines of JSON, or as it is.
function common(text) {
  const parse = (text) => JSON.parse(text, (name, value) => (OWN.includes(name) ? "" : value));
  const line = (line) => {
    try {
      return parse(line.replace(/^data: /, ""));
    } catch {
      return line;
    }
  };
  try {
    return parse(text);
  } catch {
    return text.split("\n").map(line);
  }
}

async function compare(page, path) {
  const sent = await outcomeOfSend(row(page, path));
  const line = await row(page, path).locator(".curl code").textContent();
  if (NO_CURL.includes(path)) return assert.match(line, /^websocat ws:/);
  const got = await outcomeOfCurl(line);
  if (path === UNSTABLE) return assert.match(`${got.status} ${sent.status}`, /^[25]00 [25]00$/);
  assert.equal(got.status, sent.status, line);
  const text = got.body.toString();
  if (line.includes(" --head ")) return assert.match(text, /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n$/);
  if (ECHOES.includes(path)) return assert.equal(text.split("\r\n")[0], sent.text.split("\r\n")[0]);
  // An image has no text, and the page shows no more than the beginning of a long one.
  if (sent.text === undefined || RANDOM.includes(path) || got.body.length > 1 << 17) {
    assert.equal(got.body.length, sent.bytes, line);
  }
  if (sent.text === undefined || RANDOM.includes(path)) return;
  if (got.body.length > 1 << 18) return assert.ok(text.startsWith(sent.text), line);
  assert.deepEqual(common(text), common(sent.text), line);
}

async function sendAll(page, paths) {
  await page.evaluate((paths) => {
    for (const row of document.querySelectorAll("main details[data-path]")) {
      if (paths.includes(row.dataset.path)) row.open = true;
    }
  }, paths);
  for (const path of paths) await row(page, path).locator(".bench").waitFor();
  await page.evaluate(() => document.querySelectorAll("main details[open] .send").forEach((send) => send.click()));
  const outcomes = await Promise.allSettled(paths.map((path) => compare(page, path)));
  const failed = outcomes.filter(({ reason }) => reason).map(({ reason }) => reason.stack);
  assert.equal(failed.length, 0, failed.join("\n\n"));
  expectFailures(page);
  await done(page);
}

export async function curlIsSend(browser, base) {
  const page = await open(browser, base, { reducedMotion: "reduce" });
  const paths = await page.locator("main details[data-path]")
    .evaluateAll((rows) => rows.map((row) => row.dataset.path));
  assert.ok(paths.length > 80);
  const keeps = (path) => path.startsWith("/cookies");
  await sendAll(page, paths.filter((path) => !keeps(path)));
  // Each of these changes the browser's cookies, and begins without one.
  for (const path of paths.filter(keeps)) {
    await sendAll(await open(browser, base, { reducedMotion: "reduce" }), [path]);
  }
}
