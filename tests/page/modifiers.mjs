// The part of the page that makes answers slow, odd or broken: every exported function is a check.
import assert from "node:assert/strict";
import { done, ended, expectFailures, open, opened, pictures, run, send, sound } from "./harness.mjs";

const text = (form, selector) => form.locator(selector).textContent();

// Opens the part of a row and returns the row.
async function composer(page, path) {
  const route = await opened(page, path);
  await unfold(route);
  return route;
}

async function unfold(form) {
  const part = form.locator(".odd");
  if ((await part.getAttribute("open")) === null) await part.locator("summary").click();
}

// Adds a modifier by the select of its group, or a kind of fault by its name.
async function add(form, name, value) {
  const option = form.page().locator("option", { hasText: new RegExp(`^${name}: `) });
  const group = form.locator(".group", { has: option });
  const label = (await group.locator(option).textContent()).trim();
  await group.locator("select").selectOption({ label });
  await group.locator(".add").click();
  if (value !== undefined) await form.locator(".set input:focus").fill(value);
}

// The break is named once, within the window, also where the label changes sides.
const brokeWith = async (form, label) => {
  const mark = form.locator(".ruler em", { hasText: label });
  await mark.waitFor();
  assert.equal(await form.locator(".ruler em").count(), 1);
  const { width: most } = form.page().viewportSize();
  const fits = async () => {
    const { x, width } = await mark.boundingBox();
    assert.ok(x >= 0 && x + width <= most, `${label} is from ${x} to ${x + width} of ${most}`);
  };
  await fits();
  for (const [left, className] of [["49.9%", ""], ["50.1%", "late"]]) {
    await mark.evaluate((mark, [left, className]) => {
      mark.style.left = left;
      mark.className = className;
    }, [left, className]);
    await fits();
  }
};

export async function startsWithADrip(browser, base) {
  const page = await open(browser, base);
  const start = page.locator("#start");
  await ended(start, "12 bytes");
  assert.equal(await text(start, ".shown"), "*".repeat(12));
  const marks = start.locator(".ruler i");
  const places = await marks.evaluateAll((marks) => marks.map((mark) => parseFloat(mark.style.left)));
  assert.ok(places.length >= 3 && places.every((place) => place >= 0 && place <= 100), `${places}`);
  assert.equal(await start.locator(".ruler em").count(), 0);
  assert.match(await text(start, ".applied"), /Loiter: gap=lognormal:.*; seed=/);
  assert.match(await text(start, ".asked"), /^\/~gap=lognormal:150ms:0\.7\/drip\?/);
  assert.equal(new URL(page.url()).hash, "");
  const box = await start.locator(".ruler").boundingBox();
  assert.ok(box.y + box.height < page.viewportSize().height, "the ruler is on the first screen");
  await page.locator("#filter").fill("uuid");
  assert.ok(!(await start.isVisible()), "results take its place");
  await page.locator("#filter").fill("");
  assert.ok(await start.isVisible());
  await done(page);
}

export async function waitsIfAskedTo(browser, base) {
  for (const [options, fragment] of [[{ reducedMotion: "reduce" }, ""], [{}, "#r-get"]]) {
    const page = await open(browser, base, options, fragment);
    const start = page.locator("#start");
    await start.locator(".send").waitFor();
    await page.waitForTimeout(300);
    assert.ok(!(await start.locator(".answer").isVisible()), "nothing moves by itself");
    await start.locator(".send").click();
    await ended(start, "receiving");
    await ended(start, "12 bytes");
    await done(page);
  }
}

export async function composes(browser, base) {
  const page = await open(browser, base, {}, "#r-get");
  const get = await composer(page, "/get");
  assert.equal(await text(get, ".asked"), "/get");
  assert.ok(!(await get.locator(".loiter").isVisible()));
  await get.locator(".presets button", { hasText: "flaky" }).click();
  await add(get, "delay", "10ms..20ms");
  await add(get, "header", "X-One:a b;c, d=é/'%");
  await add(get, "header", "X-Two:$HOME");
  await add(get, "last");
  await add(get, "fault=stall");
  await get.locator(".presets button", { hasText: "broken" }).click();
  assert.equal(await text(get, ".count"), "6 set");
  const written = "delay=10ms..20ms status=503@0.3 header=X-One:a%20b%3Bc,%20d%3D%C3%A9%2F'%25 "
    + "header=X-Two:%24HOME last fault=reset:0.5";
  const target = "/~" + written.split(" ").join("/~") + "/get";
  assert.equal(await text(get, ".asked"), target);
  assert.equal(await text(get, ".url code"), base + target);
  assert.equal(await text(get, ".curl code"), `curl '${(base + target).replace("'", "'\\''")}'`);
  assert.equal(await text(get, ".loiter code"), "Loiter: " + written.split(" ").join("; "));

  // One that is emptied or removed is left out, and the focus stays nearby.
  await get.getByLabel("delay", { exact: true }).fill("");
  assert.ok(!(await text(get, ".asked")).includes("delay"));
  await get.getByRole("button", { name: "Remove fault" }).click();
  const focused = await page.evaluate(() => document.activeElement.ariaLabel);
  assert.equal(focused, "Fault");
  for (const name of ["status", "last"]) await get.getByRole("button", { name: "Remove " + name }).click();
  await get.locator(".send").click();
  await ended(get, "200 OK");
  const fields = await get.locator(".fields pre").textContent();
  assert.match(fields, /^x-two: \$HOME$/m);
  const answer = run((await text(get, ".curl code")).replace("curl ", "curl -i "));
  assert.match(answer, /^X-One: a b;c, d=é\/'%\r$/m);
  // The same by the field, without modifiers in the URL.
  const field = (await text(get, ".loiter code")).replaceAll("'", "'\\''");
  assert.match(run(`curl -i -H '${field}' ${base}/get`), /^X-Two: \$HOME\r$/m);
  await done(page);
}

// By the keyboard alone: choosing changes nothing until Add is pressed.
export async function composesByKeyboard(browser, base) {
  const page = await open(browser, base, { reducedMotion: "reduce" });
  const uuid = await opened(page, "/uuid");
  await uuid.locator(".odd summary").focus();
  await page.keyboard.press("Enter");
  await uuid.getByLabel("Answer", { exact: true }).focus();
  await page.keyboard.press("ArrowDown");
  assert.equal(await uuid.locator(".set li").count(), 0);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.type("418");
  assert.equal(await text(uuid, ".asked"), "/~status=418/uuid");
  await page.keyboard.press("Enter");
  await ended(uuid, "418");
  expectFailures(page);
  await done(page);
}

export async function aLinkHasAllValues(browser, base) {
  const page = await open(browser, base, { reducedMotion: "reduce" });
  const form = await send(page, "/anything/{anything*}", { "anything": "a b/c?", Headers: "X-A: 1\nX-B: 2" });
  await form.getByLabel("Method").selectOption("PUT");
  await form.getByLabel("Body").fill("a=b&c=ü");
  await unfold(form);
  await add(form, "delay", "1ms@0.5");
  await add(form, "header", "X-C:x & y");
  await add(form, "header", "X-C:z");
  await add(form, "last");
  const names = [".asked", ".url code", ".curl code", ".loiter code", ".count"];
  const shown = (form) => Promise.all(names.map((name) => text(form, name)));
  const before = await shown(form);
  await page.waitForFunction(() => location.hash.endsWith("~last"));
  const link = page.url();

  let sent = 0;
  const check = async (page) => {
    const again = page.locator('details[data-path="/anything/{anything*}"]');
    await again.locator(".bench").waitFor();
    assert.deepEqual(await shown(again), before);
    assert.equal(await again.getByLabel("Method").inputValue(), "PUT");
    assert.equal(await again.getByLabel("Body").inputValue(), "a=b&c=ü");
    assert.ok(await again.locator(".set").first().isVisible());
    await page.waitForTimeout(500);
    assert.equal(page.url(), link, "opening it does not change it");
    assert.equal(sent, 0, "a link sends nothing by itself");
  };
  const other = await open(browser, base, {}, new URL(link).hash);
  other.on("request", () => sent++);
  await check(other);
  await done(other);
  // In a page that is open already; and the first form has links too.
  const third = await open(browser, base, { reducedMotion: "reduce" });
  third.on("request", () => sent++);
  await third.evaluate((hash) => (location.hash = hash), new URL(link).hash);
  await check(third);
  await third.evaluate(() => (location.hash = "#start?numbytes=3&~status=503&~unknown=1&~text=%"));
  const start = third.locator("#start");
  await start.locator(".asked", { hasText: "/~status=503/~text=%25/drip?numbytes=3" }).waitFor();
  await done(third);
  await done(page);
}

// What is shown for an answer that breaks, on the ruler and as its status. A browser may drop the last
// piece before a break.
const BROKEN = [
  ["close", "no answer: fault=close", "No answer"],
  ["reset", "no answer: fault=reset", "No answer"],
  ["reset:0.5", "cut off: fault=reset:0.5", "200 OK, cut off"],
  ["truncate:0.5", "cut off: fault=truncate:0.5", /\d bytes of 12/],
  ["bad-chunk:0.5", "cut off: fault=bad-chunk:0.5", "200 OK, cut off"],
  ["garbage", "no answer: fault=garbage", "No answer"],
  ["bad-head", "no answer: fault=bad-head", "No answer"],
];

export async function showsEachBreak(browser, base) {
  const narrow = { viewport: { width: 390, height: 844 } };
  const page = await open(browser, base, narrow, "#start?numbytes=12&duration=0.1&~fault=");
  const start = page.locator("#start");
  for (const [fault, label, status] of BROKEN) {
    await start.getByLabel("fault", { exact: true }).fill(fault);
    await start.locator(".send").click();
    await brokeWith(start, label);
    await ended(start, status);
    await ended(start, "fault=" + fault);
    assert.ok(await start.locator(".status strong[data-class='5']").isVisible());
  }
  // Those that last until the user stops them.
  for (const [fault, wait, label] of [
    ["hang", ".timer", "no answer until stopped: fault=hang"],
    ["stall:0.5", ".status", "stalled until stopped: fault=stall:0.5"],
  ]) {
    await start.getByLabel("fault", { exact: true }).fill(fault);
    await start.locator(".send").click();
    if (wait === ".status") await ended(start, "receiving");
    await start.locator(".timer", { hasText: /^[2-9]\./ }).waitFor();
    await start.locator(".cancel").click();
    await brokeWith(start, label);
    await ended(start, "Cancelled");
  }
  // The next answer is whole, and its ruler has no such mark.
  await start.getByRole("button", { name: "Remove fault" }).click();
  await start.locator(".send").click();
  await ended(start, "12 bytes");
  assert.equal(await start.locator(".ruler em").count(), 0);
  expectFailures(page);
  await done(page);
}

// A WebSocket connection that breaks.
export async function showsABrokenConversation(browser, base) {
  const page = await open(browser, base, { reducedMotion: "reduce" });
  const socket = await composer(page, "/websocket/echo");
  await add(socket, "fault=close");
  assert.match(await text(socket, ".url code"), /^ws:.*\/~fault=close\/websocket\/echo$/);
  await socket.locator(".send").click();
  await brokeWith(socket, "fault=close");
  expectFailures(page);
  await done(page);
}

export async function repeatsWhatWasDrawn(browser, base) {
  const page = await open(browser, base, { reducedMotion: "reduce" });
  const uuid = await composer(page, "/uuid");
  await add(uuid, "delay", "1ms..200ms");
  await add(uuid, "status", "500@1,501@1,502@1,504@1");
  await uuid.locator(".send").click();
  await ended(uuid, " ms");
  const drawn = await text(uuid, ".applied code");
  assert.match(drawn, /^Loiter: delay=[\d.]+m?s; status=50\d; seed=[0-9a-f]+$/);
  await uuid.getByRole("button", { name: "Repeat exactly" }).click();
  assert.equal(await text(uuid, ".loiter code"), drawn);
  await uuid.locator(".send").click();
  await uuid.locator(".applied", { state: "hidden" }).waitFor({ state: "attached" });
  await ended(uuid, " ms");
  assert.equal(await text(uuid, ".applied code"), drawn);
  expectFailures(page);
  await done(page);
}

// Digest authentication covers the target, and a status that is asked for opens no dialog.
export async function logsInAllTheSame(browser, base) {
  const page = await open(browser, base, { reducedMotion: "reduce" });
  const digest = await composer(page, "/digest-auth/{qop}/{user}/{passwd}");
  await add(digest, "delay", "1ms..9ms");
  await digest.locator(".send").click();
  await ended(digest, "200 OK");
  assert.match(run(await text(digest, ".curl code")), /"authenticated": true/);
  const uuid = await composer(page, "/uuid");
  await add(uuid, "status", "401");
  await add(uuid, "header", 'WWW-Authenticate:Basic realm="x"');
  await uuid.locator(".send").click();
  await ended(uuid, "401");
  expectFailures(page);
  await done(page);
}

// axe and the width, with everything in use, after a break.
export async function looksSound(browser, base) {
  for (const [name, width, colorScheme] of [
    ["odd-wide-light", 1280, "light"],
    ["odd-narrow-dark", 390, "dark"],
  ]) {
    const page = await open(browser, base, { viewport: { width, height: 900 }, colorScheme });
    const start = page.locator("#start");
    await ended(start, "12 bytes");
    await sound(page, name + " at first");
    if (pictures) await page.screenshot({ path: `${pictures}/${name}-first.png` });
    await add(start, "text", "long".repeat(60));
    await add(start, "header", "X-Long:" + "x".repeat(200));
    await add(start, "fault=reset", "reset:0.75");
    await start.locator(".send").click();
    await brokeWith(start, "cut off");
    const get = await composer(page, "/get");
    await get.locator(".presets button", { hasText: "slow" }).click();
    await sound(page, name);
    if (pictures) await start.screenshot({ path: `${pictures}/${name}.png` });
    expectFailures(page);
    await done(page);
  }
}
