// The live page of the admin listener: every exported function is a check.
import assert from "node:assert/strict";
import { request as ask } from "node:http";
import { done, expectFailures, open, pictures, serve, sound } from "./harness.mjs";

// Sends a request without waiting for its answer, and survives one that breaks.
function send(base, target, options = {}, body = "") {
  const sent = ask(base + target, options, (answer) => answer.resume());
  sent.on("error", () => {});
  sent.end(body);
  return sent;
}

async function served(check, ...options) {
  const server = await serve("--admin", "127.0.0.1:0", ...options);
  try {
    await check(server);
  } finally {
    server.child.kill();
  }
}

const row = (page, target) => page.locator(".request", { has: page.locator(".path", { hasText: target }) });
const at = (page, selector, text) => page.locator(selector, { hasText: text }).waitFor();

export async function showsRequestsAsTheyCome(browser) {
  await served(async ({ base, admin }) => {
    const page = await open(browser, admin);
    await at(page, "#state", "0 requests waiting.");
    await at(page, ".none", "No requests yet.");
    send(base, "/post?a=1", { method: "POST", headers: { "X-Try": "é" } }, "body\u0007");
    await at(page, ".request .path", "/post?a=1");
    await at(page, ".request .code[data-class='2']", "200");
    const waits = send(base, "/delay/9");
    await at(page, "#state", /1 request waiting, the next is due in [78]\.\d s/);
    const first = await lastTick(page);
    for (let tries = 0; tries < 50 && (await lastTick(page)) <= first + 5; tries++) await page.waitForTimeout(100);
    assert.ok((await lastTick(page)) > first + 5, "its tick moves");
    assert.equal(await page.locator(".request .path").first().textContent(), "/delay/9", "the newest is first");
    waits.socket.resetAndDestroy();
    await at(page, "#state", "0 requests waiting.");
    await at(page, ".request .code", "aborted");

    send(base, "/delay/0.3");
    await at(page, "#late", /1 delayed answer\.$/);
    assert.equal((await page.locator(".histogram b").allTextContents()).join(""), "1");

    const post = row(page, "/post?a=1");
    await post.locator("summary").focus();
    await page.keyboard.press("Enter");
    await post.locator(".shown pre", { hasText: "POST /post?a=1 HTTP/1.1" }).waitFor();
    // The bell is no text, so the body is shown in hex.
    const shown = await post.locator(".shown pre").allTextContents();
    assert.match(shown[0], /^POST \/post\?a=1 HTTP\/1\.1\r\nX-Try: é\r\n[^]*\r\n\r\n$/);
    assert.match(shown[1], /^000000 {2}62 6f 64 79 07 +body\.$/);
    assert.match(await post.locator(".facts").textContent(), /from 127\.0\.0\.1:\d+.*HTTP\/1\.1.*route \/post.*5 bytes received/);
    // Only this check reads the canvas; the browser advises to say so before.
    page.complaints = page.complaints.filter((text) => !/willReadFrequently/.test(text));
    await done(page);
  }, "--journal", "100");
}

export async function filtersAndClears(browser) {
  await served(async ({ base, admin }) => {
    for (const target of ["/get", "/anything/hook?n=1", "/anything/hook?n=2", "/uuid"]) send(base, target);
    const page = await open(browser, admin);
    await at(page, "#count", "4 requests");
    await page.keyboard.press("/");
    await page.keyboard.type("/anything/*");
    await at(page, "#count", "2 of 4");
    const left = page.locator(".request");
    assert.equal(await left.count(), 2);
    send(base, "/anything/other");
    send(base, "/headers");
    await at(page, "#count", "3 of 6");
    const order = await page.locator(".request").evaluateAll((rows) => rows.map((row) => Number(row.dataset.id)));
    assert.deepEqual(order, [...order].sort((a, b) => b - a));
    assert.match(page.url(), /#%2Fanything%2F\*$/);
    const other = await open(browser, admin, {}, new URL(page.url()).hash);
    await at(other, "#count", "3 of 6");
    await done(other);
    const har = await page.getByRole("link", { name: "HAR" }).getAttribute("href");
    assert.equal(new URL(har, admin).search, "?target=%2Fanything%2F*");
    await page.locator("#filter").fill("uui");
    await at(page, "#count", "1 of 6");
    await page.locator("#filter").fill("nowhere");
    await at(page, ".none", "No request matches.");
    // What matches is deleted, but not what came since the list was drawn.
    await page.locator("#filter").fill("?n=");
    await at(page, "#count", "2 of 6");
    await page.getByRole("button", { name: "Pause" }).click();
    send(base, "/uuid?n=3");
    await at(page, "#held", "Paused; 1 came.");
    await page.getByRole("button", { name: "Clear matching" }).click();
    await at(page, "#count", "1 of 5");
    assert.equal(await left.locator(".path").textContent(), "/uuid?n=3");
    const kept = (await (await fetch(admin + "/requests")).json()).requests.map(({ target }) => target);
    assert.deepEqual(kept.sort(), ["/anything/other", "/get", "/headers", "/uuid", "/uuid?n=3"]);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator("#filter").fill("");
    await at(page, "#count", "5 requests");
    await page.getByRole("button", { name: "Clear all" }).click();
    await at(page, "#count", "0 requests");
    assert.equal(await left.count(), 0);
    assert.equal((await (await fetch(admin + "/requests")).text()).includes("hook"), false);
    send(base, "/get");
    await at(page, "#count", "1 request");
    // One that another client deletes.
    await fetch(admin + "/requests", { method: "DELETE", headers: { "Loiter-Admin": "1" } });
    await left.locator("summary").click();
    await at(page, ".shown", "The journal has this request no more.");
    page.complaints = page.complaints.filter((text) => !/status of 404/.test(text));
    await done(page);
  }, "--journal", "100");
}

// The state of a server that goes away, and what is there when it has come back.
export async function followsARestart(browser) {
  const first = await serve("--admin", "127.0.0.1:0", "--journal", "100");
  for (const target of ["/get", "/uuid"]) await fetch(first.base + target);
  const page = await open(browser, first.admin, {}, "#%");
  await at(page, "#count", "2 requests");
  assert.equal(await page.locator("#filter").inputValue(), "", "an address that cannot be decoded");
  first.child.kill("SIGKILL");
  await at(page, "#state", "Disconnected; trying again.");
  const second = await serve("--admin", new URL(first.admin).host, "--journal", "100");
  try {
    await fetch(second.base + "/headers");
    await at(page, ".request .path", "/headers");
    await at(page, "#count", "1 request");
    assert.equal(await page.locator(".request").count(), 1, "those of the other process are gone");
    expectFailures(page);
    await done(page);
  } finally {
    second.child.kill();
  }
}

// All that the journal has is shown, and a request that is open stays when many others come.
export async function showsManyRequests(browser) {
  await served(async ({ base, admin }) => {
    const many = async (count) => {
      for (let n = 0; n < count; n += 50) {
        await Promise.all(Array.from({ length: 50 }, async () => (await fetch(base + "/uuid")).text()));
      }
    };
    await (await fetch(base + "/get?first")).text();
    await many(550);
    const page = await open(browser, admin);
    await at(page, "#count", "551 requests");
    assert.equal(await page.locator(".notice").textContent(), "");
    await page.locator("#filter").fill("first");
    await row(page, "first").locator("summary").click();
    await page.locator("#filter").fill("");
    await at(page, "#held", "Paused at an open request.");
    assert.equal(await page.locator(".request").count(), 201);
    await many(50);
    await at(page, "#held", "Paused at an open request; 50 came.");
    assert.equal(await page.locator("#count").textContent(), "551 requests");
    assert.equal(await page.locator(".request[open] .path").textContent(), "/get?first");
    // The filter is the user's own wish, so it is followed.
    await page.locator("#filter").fill("t");
    await page.locator("#filter").fill("");
    await at(page, "#count", "601 requests");
    assert.equal(await page.locator(".request").count(), 201);
    await page.locator(".request[open] summary").click();
    await page.mouse.move(0, 0);
    await (await fetch(base + "/get")).text();
    await at(page, "#count", "602 requests");
    assert.equal(await page.locator("#held").textContent(), "");
    assert.equal(await page.locator(".request").count(), 201, "the newest, and the one that has the focus");
    await done(page);
  }, "--journal", "1000");
}

// Under a load with which the list changes in every drawing.
export async function holdsStillForTheUser(browser) {
  await served(async ({ base, admin }) => {
    let [loaded, sent] = [true, 0];
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const load = (async () => {
      for (; loaded; sent += 10) {
        await Promise.all(Array.from({ length: 10 }, async () => (await fetch(base + "/uuid")).text()));
        await pause(100);
      }
    })().catch(() => {}); // The server ends with a check that fails.
    const page = await open(browser, admin);
    await page.locator(".request").nth(30).waitFor();
    const ids = () => page.locator(".request").evaluateAll((rows) => rows.map((row) => row.dataset.id).join());
    const stays = async (why) => {
      await at(page, "#held", why);
      const [before, count] = [await ids(), sent];
      await at(page, "#held", /; [\d,]+\+? came\.$/);
      for (let tries = 0; tries < 600 && sent < count + 50; tries++) await page.waitForTimeout(50);
      await page.waitForTimeout(400);
      assert.equal(await ids(), before, why);
    };
    const goesOn = async () => {
      const before = await ids();
      await page.waitForFunction((before) => $$(".request").map((row) => row.dataset.id).join() !== before, before);
      assert.equal(await page.locator("#held").textContent(), "");
    };
    await goesOn();
    // By keyboard: the button, and then a row.
    const button = page.getByRole("button", { name: "Pause" });
    await button.focus();
    await page.keyboard.press("Space");
    assert.equal(await button.getAttribute("aria-pressed"), "true");
    await stays(/^Paused/);
    await sound(page, "paused");
    await page.keyboard.press("Space");
    await goesOn();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await stays(/^Paused at the focus/);
    await button.focus();
    await goesOn();
    // By pointer: a row that is pointed at is the one that opens.
    await page.locator(".request summary").nth(5).hover();
    await stays(/^Paused at the pointer/);
    const id = await page.locator(".request").nth(5).getAttribute("data-id");
    await page.locator(".request summary").nth(5).click();
    await page.mouse.move(0, 0);
    await stays(/^Paused at an open request/);
    assert.equal(await page.locator(".request[open]").getAttribute("data-id"), id);
    await page.locator(".request[open] summary").focus();
    await page.keyboard.press("Enter");
    await button.focus();
    await goesOn();
    loaded = false;
    await load;
    await at(page, "#lost", /^[\d,]+ older requests were dropped\. A larger --journal or --journal-bytes keeps more\.$/);
    // The journal may have dropped the one that was opened.
    page.complaints = page.complaints.filter((text) => !/status of 404/.test(text));
    await done(page);
  }, "--journal", "50");
}

// What was sent back, and what the journal could not keep.
export async function showsAnswersAndLosses(browser) {
  await served(async ({ base, admin }) => {
    const page = await open(browser, admin);
    // UTF-8 is text.
    send(base, "/post?utf8", { method: "POST" }, "Zoë ✓");
    await row(page, "/post?utf8").locator("summary").click();
    await at(page, ".shown pre", /^Zoë ✓$/);
    await row(page, "/post?utf8").locator("summary").click();
    await page.mouse.move(0, 0);
    await (await fetch(base + "/anything/long", { method: "POST", body: "x".repeat(40_000) })).text();
    await at(page, "#lost", "Of 1 request, only the beginning of the body was kept.");
    send(base, "/drip?duration=60&numbytes=60&code=201");
    await row(page, "/drip").locator("summary").click();
    await at(page, ".request[open] .shown pre", /^HTTP\/1\.1 201 CREATED\s+Server: .*Content-Type: /s);
    await row(page, "/anything/long").locator("summary").click();
    await at(page, ".shown p", "The journal kept the first 32,768 bytes of 40,000 bytes.");
    await at(page, ".shown p", /^The journal kept the first 4,096 bytes of 4\d,\d{3} bytes\.$/);
    await row(page, "/anything/long").locator(".shown pre", { hasText: "HTTP/1.1 200 OK" }).waitFor();
    // One that waits is answered while it is open.
    await page.mouse.move(0, 0);
    await page.locator(".request[open]").evaluateAll((rows) => rows.forEach((row) => (row.open = false)));
    send(base, "/delay/1");
    const waits = row(page, "/delay/1");
    await waits.locator("summary").click();
    await waits.locator(".shown pre", { hasText: "HTTP/1.1 200 OK" }).waitFor();
    await waits.locator(".shown pre", { hasText: /^{\s+"args": {}/ }).waitFor();
    await done(page);
  }, "--journal", "100", "--journal-bytes", "64KiB");
}

export async function isOneCompressedRequest(browser) {
  await served(async ({ admin }) => {
    const page = await open(browser, admin);
    const headers = await page.response.allHeaders();
    assert.equal(headers["content-encoding"], "br");
    assert.equal(headers.vary, "Accept, Accept-Encoding");
    assert.match(headers["content-security-policy"], /^default-src 'none'; style-src 'sha256-/);
    await at(page, "#state", "0 requests waiting.");
    const names = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    assert.deepEqual(names.filter((name) => !name.endsWith("/events")), []);
    const list = await (await fetch(admin)).text();
    assert.match(list, /^loiter .*: admin\n/, "other clients get the list");
    await done(page);
  }, "--journal", "100");
  await served(async ({ admin }) => {
    const page = await open(browser, admin);
    await at(page, "h2", "The journal is off");
    assert.ok(await page.getByText("--journal 1000").isVisible());
    await sound(page, "without a journal");
    if (pictures) await page.screenshot({ path: `${pictures}/live-off.png` });
    await done(page);
  });
}

export async function looksSound(browser) {
  await served(async ({ base, admin }) => {
    const targets = ["/get", "/delay/0.1", "/delay/0.2", "/status/404", "/status/503", "/drip?duration=9&numbytes=50",
      "/anything/" + "long".repeat(40), "/~fault=reset/get", "/~delay=50ms..500ms/uuid", "/redirect-to?url=/get", "/bytes/40"];
    for (const target of targets) send(base, target);
    for (let n = 0; n < 40; n++) send(base, `/delay/${4 + (n * 37 % 50) / 10}`, { agent: false });
    for (const [name, width, colorScheme] of [
      ["wide-light", 1280, "light"], ["wide-dark", 1280, "dark"],
      ["narrow-light", 390, "light"], ["narrow-dark", 390, "dark"],
    ]) {
      const page = await open(browser, admin, { viewport: { width, height: 900 }, colorScheme });
      await at(page, "#count", "51 requests");
      if (pictures) await page.screenshot({ path: `${pictures}/live-${name}-first.png` });
      await row(page, /^\/get$/).locator("summary").click();
      await at(page, ".shown pre", "HTTP/1.1 200 OK");
      // No line of a hex dump is broken.
      await row(page, "/bytes/40").locator("summary").click();
      const hex = page.locator(".shown pre", { hasText: /^0000(00)? / });
      await hex.waitFor();
      const text = await hex.textContent();
      const [height, line] = await hex.evaluate((pre) => {
        const { lineHeight, paddingTop, paddingBottom } = getComputedStyle(pre);
        return [pre.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom), parseFloat(lineHeight)];
      });
      assert.equal(Math.round(height / line), text.split("\n").length, name);
      if (pictures) await page.screenshot({ path: `${pictures}/live-${name}.png`, fullPage: true });
      await sound(page, "live-" + name);
      await done(page);
    }
    const calm = await open(browser, admin, { reducedMotion: "reduce" });
    await at(calm, "#count", "51 requests");
    assert.equal(await calm.evaluate(() => moving), false, "nothing is animated");
    await done(calm);
  }, "--journal", "1000");
}

// The place of the last tick on the ruler, in pixels.
function tickOf(canvas) {
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let x = width - 1; x >= 0; x--) if (data[((height - 2) * width + x) * 4 + 3] > 128) return x;
  return -1;
}

const lastTick = (page) => page.locator("canvas").evaluate(tickOf);
