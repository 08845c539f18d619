// The same request many times at once: every exported function is a check.
import assert from "node:assert/strict";
import { done, ended, expectFailures, open, opened, pictures, run, sound } from "./harness.mjs";

const still = { reducedMotion: "reduce" };
const text = (form, selector) => form.locator(selector).textContent();

async function many(page, path, times, fields = {}) {
  const form = await opened(page, path);
  for (const [name, value] of Object.entries(fields)) await form.getByLabel(name).first().fill(value);
  await form.getByLabel("at once").fill(times);
  await form.locator(".send").click();
  return form;
}

const counted = async (form) => {
  const counts = await form.locator(".histogram b").allTextContents();
  return counts.reduce((sum, count) => sum + Number(count), 0);
};

export async function sendsManyAtOnce(browser, { base }) {
  const page = await open(browser, base, still);
  const delay = await many(page, "/delay/{delay}", "30", { delay: "0.2" });
  await ended(delay, "30 of 30");
  await ended(delay, "30 \u00d7 200 OK");
  await delay.locator(".histogram").waitFor();
  assert.equal(await counted(delay), 30, "each is in a column");
  assert.equal(await delay.locator(".ruler i").count(), 30, "and on the ruler");
  assert.match(await text(delay, ".shown"), /half within [\d.,]+ ms, 99 % within [\d.,]+ ms, the last /);
  assert.match(await text(delay, ".shown"), /HTTP\/1\.1: [1-6] at once, .*six connections/);
  const late = await page.evaluate(() => performance.getEntriesByType("resource").map(lateness));
  assert.ok(late.every((ms) => ms > -1), `none is early: ${late}`);
  assert.match(page.url(), /#r-delay-delay\?delay=0.2&\.times=30$/);
  const lines = run(await text(delay, ".curl code")).trim().split("\n");
  assert.equal(lines.length, 30);
  assert.ok(lines.every((line) => /^200 0\.[2-9]/.test(line)), lines[0]);

  // One again: the answer itself.
  await delay.getByLabel("at once").fill("");
  await delay.locator(".send").click();
  await ended(delay, "200 OK");
  assert.equal(await delay.locator(".histogram").count(), 0);
  const most = await many(page, "/uuid", "999");
  await ended(most, "200 of 200");
  const socket = await opened(page, "/websocket/echo");
  assert.ok(!(await socket.getByLabel("at once").isVisible()));
  await done(page);
}

export async function countsWhatBecameOfThem(browser, { base }) {
  const page = await open(browser, base, still, "#r-get?.times=40&~status=200@1,503@1");
  const form = await opened(page, "/get");
  await form.locator(".send").click();
  await ended(form, "40 of 40");
  const facts = await form.locator(".status span").allTextContents();
  const counts = facts.filter((fact) => / \u00d7 (200|503) /.test(fact)).map((fact) => parseInt(fact, 10));
  assert.equal(counts.length, 2, facts.join());
  assert.equal(counts[0] + counts[1], 40, facts.join());
  assert.ok(await form.locator(".status strong[data-class='5']").isVisible());
  await form.locator(".send:enabled").waitFor();
  await page.evaluate(() => (location.hash = "#r-get?.times=5&~fault=reset"));
  await form.locator(".asked", { hasText: "fault=reset" }).waitFor();
  await form.locator(".send").click();
  await ended(form, "5 \u00d7 no answer");
  await page.evaluate(() => (location.hash = "#r-get?.times=9&~fault=hang"));
  await form.locator(".asked", { hasText: "fault=hang" }).waitFor();
  await form.locator(".cancel:disabled").waitFor();
  await form.locator(".send").click();
  await ended(form, "0 of 9");
  await form.locator(".cancel").click();
  await ended(form, "9 \u00d7 cancelled");
  expectFailures(page);
  await done(page);
}

// HTTP/2 has no limit of connections.
export async function allGoAtOnce(browser, { base, https }) {
  for (const [name, width, colorScheme] of [["wide-light", 1280, "light"], ["narrow-dark", 390, "dark"]]) {
    const options = { ...still, ignoreHTTPSErrors: true, colorScheme, viewport: { width, height: 900 } };
    const page = await open(browser, https, options);
    const delay = await many(page, "/delay/{delay}", "50", { delay: "1" });
    await ended(delay, "50 of 50");
    await delay.locator(".histogram").waitFor();
    assert.equal(await counted(delay), 50);
    assert.match(await text(delay, ".shown"), /HTTP\/2: 50 at once on one connection/);
    await sound(page, `many-${name}`);
    if (pictures) await delay.screenshot({ path: `${pictures}/many-${name}.png` });
    await done(page);
  }
  assert.ok(base.startsWith("http:"));
}
