// The page in a real browser: node check.mjs LOITER CHROMIUM [FOLDER FOR SCREENSHOTS].
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [loiter, executablePath, pictures] = process.argv.slice(2);

async function serve(...options) {
  const args = ["--listen", "127.0.0.1:0", "--log-level", "error", ...options];
  const child = spawn(loiter, args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit").then(() => assert.fail("loiter does not start"));
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), gone]);
  return { child, base: line.trim().replace("listening ", "") };
}

// A page that fails the check when the browser complains or asks elsewhere.
async function open(browser, base, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.complaints = [];
  page.on("console", (message) => page.complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("request", (request) => {
    const own = request.url().startsWith(base) || request.url().startsWith("data:");
    if (!own) page.complaints.push("asked for " + request.url());
  });
  await page.goto(base + "/");
  return page;
}

async function done(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

const row = (page, path) => page.locator(`details[data-path="${path}"]`);

async function send(page, path, fields = {}) {
  const route = row(page, path);
  const open = await route.getAttribute("open");
  if (open === null) await route.locator("summary").first().click();
  for (const [name, value] of Object.entries(fields)) {
    await route.getByLabel(new RegExp(`^\\s*${name}\\b`)).fill(value);
  }
  await route.locator(".send").click();
  return route;
}

const ended = (route, text) => route.locator(".status", { hasText: text }).waitFor();

async function tries(browser, base) {
  const page = await open(browser, base, { viewport: { width: 1280, height: 900 } });
  const all = await page.locator("main details[data-path]").count();
  await page.keyboard.press("/");
  await page.keyboard.type("while take");
  const left = page.locator("main details[data-path]:visible");
  assert.ok((await left.count()) < all, "the filter leaves some out");
  assert.ok((await page.locator("nav a:visible").count()) < 4, "and their groups");
  await page.locator("#filter").fill("no such route");
  assert.equal(await left.count(), 0);
  assert.ok(await page.getByText("No route is like that.").isVisible());
  await page.keyboard.press("Escape");
  assert.equal(await left.count(), all);

  await page.locator("nav a", { hasText: "Cookies" }).click();
  await page.locator("nav a[aria-current]", { hasText: "Cookies" }).waitFor();
  const redirect = await send(page, "/redirect-to");
  await ended(redirect, "from /get");

  const delay = await send(page, "/delay/{delay}");
  await delay.locator(".timer", { hasText: /^0\.[2-9]/ }).waitFor();
  assert.equal(await delay.locator(".status").textContent(), "", "it waits");
  await ended(delay, "200 OK");
  const told = (await delay.locator(".status").textContent()).match(/([\d,]+) ms/);
  const ms = Number(told[1].replace(",", ""));
  assert.ok(ms >= 1000 && ms < 3000, `a second is told as ${ms} ms`);
  assert.match(await delay.locator(".shown").textContent(), /"url": "http:.*\/delay\/1"/);
  assert.equal(await delay.locator(".curl code").textContent(), `curl ${base}/delay/1`);

  const drip = await send(page, "/drip", { duration: "1", numbytes: "5" });
  await ended(drip, "the answer has begun");
  await ended(drip, "5 bytes");
  assert.equal(await drip.locator(".shown").textContent(), "*****");
  assert.ok((await drip.locator(".ruler i").count()) >= 3, "its pieces are marked");

  await delay.getByLabel("delay").fill("9");
  await delay.locator(".send").click();
  await delay.locator(".timer", { hasText: /^[0-8]\./ }).waitFor();
  await delay.locator(".cancel").click();
  await ended(delay, "Cancelled");

  const post = await send(page, "/post", { Headers: "X-Try: it's", Body: '{"a": [1]}' });
  await ended(post, "200 OK");
  assert.match(await post.locator(".shown").textContent(), /"X-Try": "it's"[^]*"json": \{\s+"a": \[/);
  assert.match(await post.locator(".curl code").textContent(), /-H 'X-Try: it'\\''s'/);
  await ended(await send(page, "/bytes/{n}", { n: "600" }), "600 bytes");
  await ended(await send(page, "/websocket/echo", { "One a line": "a\nb" }), "2 of 2 messages");
  const rest = await send(page, "/anything/{anything*}", { anything: "a b/c?" });
  await ended(rest, "200 OK");
  assert.equal(await rest.locator(".asked").textContent(), "/anything/a%20b/c%3F");
  await done(page);
}

// What can be looked at: both widths, both schemes, and without the script.
async function looks(browser, base) {
  for (const [name, width, colorScheme, javaScriptEnabled] of [
    ["wide-light", 1280, "light", true],
    ["wide-dark", 1280, "dark", true],
    ["narrow-light", 375, "light", true],
    ["narrow-dark", 375, "dark", true],
    ["narrow-plain", 375, "light", false],
  ]) {
    const options = { viewport: { width, height: 900 }, colorScheme, javaScriptEnabled };
    const page = await open(browser, base, options);
    await row(page, "/delay/{delay}").locator("summary").first().click();
    const link = row(page, "/delay/{delay}").getByRole("link", { name: "/delay/1" });
    assert.equal(await link.isVisible(), !javaScriptEnabled);
    assert.equal(await page.locator("#filter").isVisible(), javaScriptEnabled);
    if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
    if (javaScriptEnabled) {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${name} is ${wide} pixels wide`);
    }
    await done(page);
  }
}

async function behindPrefix(browser, { base }) {
  const page = await open(browser, base + "/bin");
  const get = await send(page, "/get");
  await ended(get, "200 OK");
  assert.equal(await get.locator(".asked").textContent(), "/bin/get");
  await done(page);
}

const prefixes = execFileSync(loiter, ["--help"], { encoding: "utf8" }).includes("--prefix");
const servers = [await serve(), ...(prefixes ? [await serve("--prefix", "/bin")] : [])];
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  await tries(browser, servers[0].base);
  await looks(browser, servers[0].base);
  if (prefixes) await behindPrefix(browser, servers[1]);
  console.log("tests/page: the page works in Chromium " + browser.version());
} finally {
  await browser.close();
  for (const { child } of servers) child.kill();
}
