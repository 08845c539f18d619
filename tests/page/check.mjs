// The page in a real browser: node check.mjs LOITER CHROMIUM [FOLDER FOR SCREENSHOTS].
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import {
  curlOf, done, ended, executablePath, folder, loiter, open, opened, pictures, row, run, send, serve, sound,
} from "./harness.mjs";
import * as live from "./live.mjs";
import * as many from "./many.mjs";
import * as modifiers from "./modifiers.mjs";
import { curlIsSend } from "./routes.mjs";

async function tries(browser, base) {
  const page = await open(browser, base, { viewport: { width: 1280, height: 900 } });
  const all = await page.locator("main details[data-path]").count();
  await page.keyboard.press("/");
  await page.keyboard.type("redirect n");
  const left = page.locator("main details[data-path]:visible");
  const count = await left.count();
  assert.ok(count > 0 && count < all, `the filter leaves ${count}`);
  assert.ok((await page.locator("nav a:visible").count()) < 4, "and their groups");
  await page.locator("#filter").fill("no such route");
  assert.equal(await left.count(), 0);
  assert.ok(await page.getByText("No route matches.").isVisible());
  await page.keyboard.press("Escape");
  assert.equal(await left.count(), all);

  await page.locator("nav a", { hasText: "Cookies" }).click();
  await page.locator("nav a[aria-current]", { hasText: "Cookies" }).waitFor();
  const redirect = await send(page, "/redirect-to");
  await ended(redirect, "from /get");

  const delay = await send(page, "/delay/{delay}", { delay: "4" });
  await delay.locator(".timer", { hasText: /^[0-3]\.[1-9]/ }).waitFor();
  assert.equal(await delay.locator(".status").textContent(), "", "it waits");
  await ended(delay, "200 OK");
  const shown = (await delay.locator(".status").textContent()).match(/([\d,]+) ms/);
  const ms = Number(shown[1].replace(",", ""));
  assert.ok(ms >= 4000 && ms < 60000, `four seconds are shown as ${ms} ms`);
  assert.match(await delay.locator(".shown").textContent(), /"url": "http:.*\/delay\/4"/);
  assert.equal(await delay.locator(".curl code").textContent(), `curl ${base}/delay/4`);

  const drip = await send(page, "/drip", { duration: "4", numbytes: "5" });
  await ended(drip, "receiving");
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
  await ended(await send(page, "/websocket/echo", { "One per line": "a\nb" }), "2 of 2 messages");
  const rest = await send(page, "/anything/{anything*}", { anything: "a b/c?" });
  await ended(rest, "200 OK");
  assert.equal(await rest.locator(".asked").textContent(), "/anything/a%20b/c%3F");
  await done(page);
}

async function findsByEnter(browser, base) {
  const page = await open(browser, base);
  await page.locator("#filter").fill("uuid");
  await page.keyboard.press("Enter");
  const uuid = row(page, "/uuid");
  await uuid.locator(".bench").waitFor();
  await page.waitForTimeout(200);
  assert.equal(await uuid.getAttribute("open"), "", "Enter opens the row, and it stays open");
  assert.equal(await page.evaluate(() => document.activeElement.closest("details").dataset.path), "/uuid");
  await page.keyboard.press("Enter");
  assert.equal(await uuid.getAttribute("open"), null, "the next one closes it");
  await done(page);
}

// The words of the filter are in the link, alone and behind a form's values.
async function linksToWhatIsFiltered(browser, base) {
  const page = await open(browser, base);
  await page.locator("#filter").fill("drip e/?");
  await page.waitForFunction(() => location.hash === "#/drip%20e%2F%3F");
  await page.locator("#filter").fill("redirect");
  await page.waitForFunction(() => location.hash === "#/redirect");
  const left = page.locator("main details[data-path]:visible");
  const form = await opened(page, await left.first().getAttribute("data-path"));
  await form.getByLabel("at once").fill("7");
  await page.waitForFunction(() => location.hash.endsWith(".times=7/redirect"));
  const [hash, count] = [new URL(page.url()).hash, await left.count()];
  const other = await open(browser, base, {}, hash);
  await other.locator("details[open] .bench").waitFor();
  assert.equal(await other.locator("#filter").inputValue(), "redirect");
  assert.equal(await other.locator("main details[data-path]:visible").count(), count);
  assert.equal(await other.locator("details[open]").getByLabel("at once").inputValue(), "7");
  await other.locator("#filter").press("Escape");
  await other.waitForFunction(() => location.hash.endsWith(".times=7"));
  await done(other);
  await page.locator("#filter").fill("");
  await page.waitForFunction(() => location.hash.endsWith(".times=7"));
  await done(page);
}

// Path, filled fields, status after Send, and the arguments of `curl`.
const LOGINS = [
  ["/basic-auth/{user}/{passwd}", {}, "200 OK", "-u user:secret"],
  ["/basic-auth/{user}/{passwd}", { "log in as": "" }, "401", ""],
  ["/basic-auth/{user}/{passwd}", { user: "ann", passwd: "a b", "log in as": "ann:no" }, "401", "-u ann:no"],
  ["/hidden-basic-auth/{user}/{passwd}", { user: "ann", passwd: "é:c" }, "200 OK", "-u 'ann:é:c'"],
  ["/hidden-basic-auth/{user}/{passwd}", { "log in as": "" }, "404", ""],
  ["/bearer", {}, "200 OK", "-H 'Authorization: Bearer token'"],
  ["/bearer", { token: "" }, "401", ""],
  ["/digest-auth/{qop}/{user}/{passwd}", {}, "200 OK", "--digest -u user:secret"],
  ["/digest-auth/{qop}/{user}/{passwd}", { "log in as": "" }, "401", ""],
  ["/digest-auth/{qop}/{user}/{passwd}", { "log in as": "user:no" }, "401", "--digest -u user:no"],
  ["/digest-auth/{qop}/{user}/{passwd}/{algorithm}", { passwd: "ü\"x" }, "200 OK", "--digest -u 'user:ü\"x'"],
  ["/digest-auth/{qop}/{user}/{passwd}/{algorithm}/{stale_after}", {}, "200 OK", "--digest -u user:secret"],
];

// A 401 is shown, with and without credentials, and no dialog blocks the page.
async function logsIn(browser, base, go) {
  // go-httpbin has neither stale nonces nor auth-int.
  const logins = LOGINS.filter(([path]) => !go || !path.includes("stale_after"));
  for (const [path, fields, status, words] of logins) {
    const page = await open(browser, base);
    const route = await send(page, path, fields);
    await ended(route, status);
    await ended(route, " ms");
    const line = await curlOf(route);
    assert.ok(line.startsWith(words ? `curl ${words} http` : "curl http"), line);
    const output = run(line.replace("curl ", "curl -w '%{http_code}' "));
    assert.ok(output.endsWith(status.slice(0, 3)), `${line}: ${output}`);
    // The browser logs the 401 in its console.
    page.complaints = page.complaints.filter((text) => !/status of 40[14]/.test(text));
    await done(page);
  }
  const page = await open(browser, base);
  const algorithms = ["MD5", "SHA-256", "MD5-sess", "SHA-256-sess"];
  for (const algorithm of go ? algorithms.slice(0, 2) : algorithms) {
    const route = await opened(page, "/digest-auth/{qop}/{user}/{passwd}/{algorithm}");
    await route.getByLabel(/^\s*algorithm/).selectOption(algorithm);
    await route.getByLabel(/^\s*qop/).selectOption(go ? "auth" : "auth-int");
    await route.locator(".send").click();
    await ended(route, "200 OK");
  }
  for (const [path, fields] of [
    ["/status/{codes}", { codes: "401" }],
    ["/redirect-to", { url: "/basic-auth/a/b" }],
  ]) {
    const route = await send(page, path, fields);
    await ended(route, "401");
    assert.match(await curlOf(route), /^curl -L '?http/);
  }
  page.complaints = page.complaints.filter((text) => !/status of 401/.test(text));
  await done(page);
}

// The curl command does what Send does: follows redirects, decompresses, keeps cookies, writes files.
async function curlDoesTheSame(browser, base) {
  const page = await open(browser, base);
  const lineOf = async (path, fields, status = "200 OK") => {
    const route = await send(page, path, fields);
    await ended(route, status);
    await ended(route, " ms");
    return [await curlOf(route), await route.locator(".shown").textContent()];
  };
  const outputs = async (path, fields, words) => {
    const [line, shown] = await lineOf(path, fields);
    assert.ok(line.startsWith(`curl ${words} `) && / '?http[^ ]*$/.test(line), line);
    return [run(line), shown, line];
  };
  for (const [path, fields, words, text] of [
    ["/redirect/{n}", {}, "-L", '"url": "'],
    ["/links/{n}", {}, "-L", "<a href"],
    ["/gzip", {}, "--compressed", '"gzipped": true'],
    ["/brotli", {}, "--compressed", '"brotli": true'],
    ["/openapi.json", {}, "--compressed", '"openapi": "3.1.0"'],
    ["/drip", { duration: "0.1" }, "-N", "**********"],
    ["/stream/{n}", {}, "-N", '"id": 2'],
    ["/cookies/set", { "any name": "a=b&c=d" }, "-L -b cookies.txt -c cookies.txt", '"a": "b"'],
    ["/cookies", {}, "-b cookies.txt -c cookies.txt", '"c": "d"'],
    ["/headers", { Headers: "X-Empty:\nX-Text: a  b" }, "-H 'X-Empty;' -H 'X-Text: a  b'", '"X-Empty": ""'],
  ]) {
    const [ran, shown] = await outputs(path, fields, words);
    assert.ok(ran.includes(text) && shown.includes(text), `${path}: ${ran} and ${shown}`);
  }
  await outputs("/bytes/{n}", { n: "600" }, "-o bytes.bin");
  assert.equal(statSync(join(folder, "bytes.bin")).size, 600);
  await outputs("/stream-bytes/{n}", { n: "700" }, "-N -o stream-bytes.bin");
  assert.equal(statSync(join(folder, "stream-bytes.bin")).size, 700);
  await outputs("/image/png", {}, "-o image.png");
  assert.ok(statSync(join(folder, "image.png")).size > 1000);
  const [set] = await lineOf("/cookies/set/{name}/{value}", { "attr\\[Path\\]": "/cookies" });
  assert.match(set, / -g '?http.*\?attr\[Path\]=%2Fcookies'$/);
  assert.match(run(set), /"name": "value"/);

  // A redirected POST becomes a GET in both.
  const to = await opened(page, "/redirect-to");
  await to.getByLabel("Method").selectOption("POST");
  if (!(await to.getByLabel("Body").isVisible())) await to.locator(".more summary").first().click();
  for (const body of ["", "a=b"]) {
    await to.getByLabel("Body").fill(body);
    await to.locator(".send").click();
    await to.locator(".cancel:disabled").waitFor();
    await ended(to, "from /get");
    assert.match(run(await curlOf(to)), /"url": "http.*\/get"/);
  }
  await done(page);
}

async function sendsFiles(browser, base) {
  const page = await open(browser, base);
  const odd = 'a; "b", [c].bin';
  for (const name of ["it's.bin", odd]) writeFileSync(join(folder, name), Buffer.from([0, 255, 10, 13, 0]));
  const upload = await opened(page, "/upload");
  const file = upload.getByLabel("Or a file");
  await upload.getByLabel("Body").fill("abc");
  await file.setInputFiles(join(folder, "it's.bin"));
  assert.equal(await upload.getByLabel("Body").inputValue(), "", "a file takes the place of a text");
  await upload.locator(".send").click();
  await ended(upload, "200 OK");
  assert.match(await upload.locator(".shown").textContent(), /"bytes_received": 5/);
  const line = await curlOf(upload);
  assert.match(line, /--data-binary '@it'\\''s\.bin' -H 'Content-Type: application\/octet-stream'/);
  assert.match(run(line), /"bytes_received": 5/);
  // As a form's field, and with PUT, which curl streams.
  const said = async (bytes) => {
    await upload.locator(".send").click();
    await upload.locator(".shown", { hasText: `"bytes_received": ${bytes}` }).waitFor();
    return curlOf(upload);
  };
  await upload.getByLabel("Method").selectOption("PUT");
  const streamed = await said(5);
  assert.match(streamed, /^curl -T 'it'\\''s\.bin' -H 'Content-Type: application\/octet-stream' http/);
  assert.match(run(streamed), /"bytes_received": 5/);
  await upload.getByLabel("Sent as").selectOption("form");
  const post = await opened(page, "/post");
  await post.getByLabel("Or a file").setInputFiles(join(folder, odd));
  await post.getByLabel("Sent as").selectOption("form");
  await post.locator(".send").click();
  await ended(post, "200 OK");
  const files = { file: "data:application/octet-stream;base64,AP8KDQA=" };
  assert.deepEqual(JSON.parse(await post.locator(".shown").textContent()).files, files);
  const form = await curlOf(post);
  assert.match(form, /^curl -F 'file=@"a; \\"b\\", \[c\]\.bin";type=application\/octet-stream' -g http/);
  assert.deepEqual(JSON.parse(run(form)).files, files);
  assert.match(await curlOf(upload), /^curl -X PUT -F 'file=@"it'\\''s\.bin";type=/);
  await upload.getByLabel("Method").selectOption("POST");
  await upload.getByLabel("Body").fill("abcdefg");
  await upload.locator(".send").click();
  await upload.locator(".shown", { hasText: '"bytes_received": 7' }).waitFor();

  for (const path of ["/post", "/put", "/patch", "/delete", "/echo", "/upload"]) {
    const route = await opened(page, path);
    assert.ok(await route.getByLabel("Body").isVisible(), path);
    assert.ok(await route.getByLabel("Or a file").isVisible(), path);
  }
  const echo = row(page, "/echo");
  await echo.getByLabel("Or a file").setInputFiles(join(folder, "it's.bin"));
  await echo.locator(".send").click();
  await ended(echo, "5 bytes");
  run(await curlOf(echo));
  assert.deepEqual([...readFileSync(join(folder, "echo.bin"))], [0, 255, 10, 13, 0]);
  const anything = await opened(page, "/anything");
  assert.ok(!(await anything.getByLabel("Body").isVisible()), "a GET has no body");
  await anything.getByLabel("Method").selectOption("PUT");
  assert.ok(await anything.getByLabel("Body").isVisible());
  await done(page);
}

// One request: compressed, with the security policy. The drip of the first form is not a part of it.
async function comesCompressed(browser, base) {
  const page = await open(browser, base, { reducedMotion: "reduce" });
  const headers = await page.response.allHeaders();
  assert.equal(headers["content-encoding"], "br");
  assert.match(headers.vary, /Accept-Encoding/);
  assert.match(headers["content-security-policy"], /^default-src 'none'; style-src 'sha256-/);
  const sizes = await page.response.request().sizes();
  assert.ok(sizes.responseBodySize < 30000, `the page takes ${sizes.responseBodySize} bytes`);
  const entries = await page.evaluate(() => performance.getEntriesByType("resource").length);
  assert.equal(entries, 0, "and is the only request");
  await done(page);
}

// The layout: both widths, both colour schemes, and without JavaScript.
async function looks(browser, base) {
  for (const [name, width, colorScheme, javaScriptEnabled] of [
    ["wide-light", 1280, "light", true],
    ["wide-dark", 1280, "dark", true],
    ["narrow-light", 390, "light", true],
    ["narrow-dark", 390, "dark", true],
    ["narrow-plain", 390, "light", false],
  ]) {
    const options = { viewport: { width, height: 900 }, colorScheme, javaScriptEnabled };
    const page = await open(browser, base, options);
    await row(page, "/delay/{delay}").locator("summary").first().click();
    const link = row(page, "/delay/{delay}").getByRole("link", { name: "/delay/1" });
    assert.equal(await link.isVisible(), !javaScriptEnabled);
    assert.equal(await page.locator("#filter").isVisible(), javaScriptEnabled);
    if (javaScriptEnabled) {
      for (const path of ["/upload", "/bearer", "/cookies/set", "/digest-auth/{qop}/{user}/{passwd}"]) {
        await opened(page, path);
      }
      await ended(await send(page, "/basic-auth/{user}/{passwd}"), "200 OK");
    }
    if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
    if (javaScriptEnabled) {
      await sound(page, name);
    }
    await done(page);
  }
}

async function behindPrefix(browser, { base }) {
  const page = await open(browser, base + "/bin");
  await ended(page.locator("#start"), "12 bytes");
  const get = await send(page, "/get");
  await ended(get, "200 OK");
  assert.equal(await get.locator(".asked").textContent(), "/bin/get");
  await get.locator(".odd summary").click();
  await get.locator(".presets button").first().click();
  assert.match(await get.locator(".asked").textContent(), /^\/bin\/~delay=.*\/get$/);
  await done(page);
}

// With `--modifiers off` nothing offers them, and the first form drips all the same.
async function withoutModifiers(browser, base) {
  const page = await open(browser, base);
  await ended(page.locator("#start"), "12 bytes");
  assert.equal(await page.locator("#start .asked").textContent(), "/drip?duration=2s&numbytes=12&delay=0");
  const get = await opened(page, "/get");
  assert.equal(await page.locator(".odd").count(), 0);
  await page.evaluate(() => (location.hash = "#r-get?~delay=1s"));
  await get.locator(".send").click();
  await ended(get, "200 OK");
  assert.equal(await get.locator(".asked").textContent(), "/get");
  await sound(page, "without modifiers");
  await done(page);
}

const prefixes = execFileSync(loiter, ["--help"], { encoding: "utf8" }).includes("--prefix");
const servers = [
  await serve(),
  await serve("--compat", "go-httpbin"),
  await serve("--modifiers", "off"),
  ...(prefixes ? [await serve("--prefix", "/bin")] : []),
];
const [{ base }, go, unmodified, prefixed] = servers;
// One port has HTTP with TLS and without.
const https = base.replace("http:", "https:");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const all = async (checks, server) => {
  for (const check of Object.values(checks)) await check(browser, server);
};
// Four lists of checks go on at once, as most of their time is waiting.
const lists = [
  async () => {
    await all([tries, findsByEnter, linksToWhatIsFiltered, curlDoesTheSame, sendsFiles, comesCompressed], base);
    await all(many, { base, https });
    await looks(browser, base);
  },
  async () => {
    await logsIn(browser, base, false);
    await logsIn(browser, go.base, true);
    await curlIsSend(browser, base);
  },
  async () => {
    await all(modifiers, base);
    await modifiers.startsWithADrip(browser, go.base);
    await withoutModifiers(browser, unmodified.base);
    if (prefixes) await behindPrefix(browser, prefixed);
  },
  () => all(live),
];
try {
  await Promise.all(lists.map((list) => list()));
  console.log("tests/page: the page works in Chromium " + browser.version());
} finally {
  await browser.close();
  for (const { child } of servers) child.kill();
  rmSync(folder, { recursive: true });
}
