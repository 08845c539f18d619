// What the checks of the page share: a server, a page, and the steps of a user.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Files written by the page's curl commands.
export const folder = mkdtempSync(join(tmpdir(), "loiter-page-"));

export const [loiter, executablePath, pictures] = process.argv.slice(2);

export async function serve(...options) {
  const args = ["--log-level", "error", ...options];
  if (!options.includes("--listen")) args.push("--listen", "127.0.0.1:0");
  const child = spawn(loiter, args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit").then(() => assert.fail("loiter does not start"));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => (await Promise.race([lines.next(), gone])).value.trim().split(" ")[1];
  const base = await next();
  return { child, base, admin: options.includes("--admin") ? await next() : undefined };
}

// A page that records browser errors and requests to other hosts, for done() to check.
export async function open(browser, base, options, fragment = "") {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  page.complaints = [];
  page.on("console", (message) => page.complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("request", (request) => {
    const own = request.url().startsWith(base) || request.url().startsWith("data:");
    if (!own) page.complaints.push("asked for " + request.url());
  });
  page.response = await page.goto(base + "/" + fragment);
  return page;
}

export async function done(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export const row = (page, path) => page.locator(`details[data-path="${path}"]`);

export async function opened(page, path) {
  const route = row(page, path);
  const open = await route.getAttribute("open");
  if (open === null) await route.locator("summary").first().click();
  await route.locator(".bench").waitFor();
  return route;
}

export async function send(page, path, fields = {}) {
  const route = await opened(page, path);
  for (const [name, value] of Object.entries(fields)) {
    const field = route.getByLabel(new RegExp(`^\\s*${name}(?!\\w)`));
    if (!(await field.isVisible())) await route.locator(".more summary").first().click();
    await field.fill(value);
  }
  await route.locator(".send").click();
  return route;
}

export const ended = (route, text) => route.locator(".status", { hasText: text }).waitFor();

export const curlOf = (route) => route.locator(".curl code").textContent();

// Lets the console have what a browser writes of an answer that broke, or was a 4xx or 5xx.
export function expectFailures(page) {
  const failure = /^error: Failed to load resource|WebSocket connection/;
  page.complaints = page.complaints.filter((text) => !failure.test(text));
}

// The page as it is now fits the window, and axe finds nothing.
export async function sound(page, name) {
  const [wide, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= width, `${name} is ${wide} pixels wide`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`);
  assert.deepEqual(found, [], name);
}

// The output of a row's curl command.
export function run(line) {
  const quiet = `curl() { command curl --silent --show-error --max-time 10 "$@"; }; ${line}`;
  return execFileSync("bash", ["-c", quiet], { cwd: folder, encoding: "utf8" });
}
