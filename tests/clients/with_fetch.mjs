// Node's fetch: typical uses of httpbin. Takes the server's URL.
import assert from "node:assert/strict";

const url = process.argv[2];
const patience = () => AbortSignal.timeout(15_000);
const ask = (path, options = {}) => fetch(url + path, { signal: patience(), ...options });
const json = async (path, options) => (await ask(path, options)).json();

const claims = {
  async "a query comes back"() {
    const query = new URLSearchParams([["a", "1"], ["a", "2"], ["é", "ü &"]]);
    const said = await json(`/get?${query}`);
    assert.deepEqual(said.args, { a: ["1", "2"], "é": "ü &" });
    assert.equal(said.url.startsWith(`${url}/get?`), true);
  },
  async "a body comes back"() {
    const body = JSON.stringify({ a: [1, null] });
    const headers = { "Content-Type": "application/json" };
    const posted = await json("/post", { method: "POST", headers, body });
    assert.deepEqual(posted.json, { a: [1, null] });
    const form = new URLSearchParams({ a: "1" });
    assert.deepEqual((await json("/put", { method: "PUT", body: form })).form, { a: "1" });
  },
  async "a form with a file comes back"() {
    const form = new FormData();
    form.append("k", "v");
    form.append("f", new Blob(["text"], { type: "text/plain" }), "x.txt");
    const said = await json("/post", { method: "POST", body: form });
    assert.deepEqual([said.form, said.files], [{ k: "v" }, { f: "text" }]);
  },
  async "a body may be a stream"() {
    const body = new Blob(["one ", "two"]).stream();
    const said = await json("/post", { method: "POST", body, duplex: "half" });
    assert.equal(said.data, "one two");
    assert.equal(said.headers["Transfer-Encoding"], "chunked");
  },
  async "a redirect is followed, or shown, or an error"() {
    const followed = await ask("/redirect/3");
    assert.deepEqual([followed.redirected, followed.url], [true, `${url}/get`]);
    const shown = await ask("/redirect/2", { redirect: "manual" });
    assert.deepEqual([shown.status, shown.headers.get("Location")], [302, "/relative-redirect/1"]);
    await assert.rejects(ask("/absolute-redirect/1", { redirect: "error" }));
    await assert.rejects(ask("/redirect/21"));
    const to = "/redirect-to?url=/post&status_code=307";
    const kept = await json(to, { method: "POST", body: "kept" });
    assert.equal(kept.data, "kept");
  },
  async "a stream comes line by line"() {
    const text = await (await ask("/stream/4")).text();
    const ids = text.trimEnd().split("\n").map((line) => JSON.parse(line).id);
    assert.deepEqual(ids, [0, 1, 2, 3]);
  },
  async "a drip comes piece by piece"() {
    const answer = await ask("/drip?numbytes=4&duration=0.8");
    let pieces = 0;
    let bytes = 0;
    for await (const piece of answer.body) {
      pieces += 1;
      bytes += piece.length;
    }
    assert.equal(bytes, 4);
    assert.ok(pieces > 1, "it came all at once");
  },
  async "a wait can be broken off"() {
    const start = performance.now();
    await assert.rejects(ask("/delay/5", { signal: AbortSignal.timeout(200) }), /abort|timeout/i);
    assert.ok(performance.now() - start < 4000);
  },
  async "a drip can be broken off"() {
    const broken = new AbortController();
    const answer = await ask("/drip?numbytes=10&duration=5", { signal: broken.signal });
    broken.abort();
    await assert.rejects(answer.text(), /abort/i);
  },
  async "coded bodies are decoded"() {
    const flags = { "/gzip": "gzipped", "/deflate": "deflated", "/brotli": "brotli" };
    for (const [path, flag] of Object.entries(flags)) {
      assert.equal((await json(path))[flag], true, path);
    }
  },
  async "several cookies stay separate"() {
    const answer = await ask("/cookies/set?a=1&b=2", { redirect: "manual" });
    assert.deepEqual(answer.headers.getSetCookie(), ["a=1; Path=/", "b=2; Path=/"]);
    assert.deepEqual(await json("/cookies", { headers: { Cookie: "a=1; b=2" } }), {
      cookies: { a: "1", b: "2" },
    });
  },
  async "a password opens"() {
    const headers = { Authorization: `Basic ${btoa("u:p")}` };
    assert.equal((await ask("/basic-auth/u/p", { headers })).status, 200);
    assert.equal((await ask("/basic-auth/u/p")).status, 401);
  },
  async "every page may ask"() {
    const headers = { Origin: "http://page.example" };
    const answer = await ask("/get", { headers });
    assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "http://page.example");
    const asked = await ask("/put", { method: "OPTIONS", headers });
    assert.match(asked.headers.get("Access-Control-Allow-Methods"), /PUT/);
  },
  async "bytes are bytes"() {
    const bytes = Buffer.from(await (await ask("/bytes/10?seed=0")).arrayBuffer());
    assert.equal(bytes.toString("hex"), "c5d71484f8cf9bf4b76f");
    const png = Buffer.from(await (await ask("/image/png")).arrayBuffer());
    assert.equal(png.toString("latin1", 1, 4), "PNG");
  },
  async "a status is no exception"() {
    for (const status of [204, 304, 404, 418, 500]) {
      const answer = await ask(`/status/${status}`);
      assert.deepEqual([answer.status, answer.ok], [status, status === 204]);
    }
  },
};

// Only go-httpbin and loiter have these.
const own = {
  async "events come as they happen"() {
    const answer = await ask("/sse?count=3&duration=300ms");
    assert.match(answer.headers.get("Content-Type"), /^text\/event-stream/);
    let text = "";
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) text += piece;
    const events = text.trimEnd().split("\n\n").map((event) => event.split("\n"));
    assert.equal(events.length, 3);
    for (const [at, [name, data]] of events.entries()) {
      assert.equal(name, "event: ping");
      assert.equal(JSON.parse(data.replace("data: ", "")).id, at);
    }
  },
};

const all = { ...claims, ...(process.argv[3] === "httpbin" ? {} : own) };
let failed = 0;
for (const [name, claim] of Object.entries(all)) {
  try {
    await claim();
  } catch (error) {
    failed += 1;
    console.log(`${name} does not hold: ${error.message}`);
  }
}
console.log(`fetch: ${Object.keys(all).length} claims, ${failed} do not hold`);
process.exit(failed ? 1 : 0);
