// node's http2: requests, bodies, many streams at once, informational answers, trailers, resets.
import assert from 'node:assert';
import http2 from 'node:http2';

const [url] = process.argv.slice(2);
const session = () => http2.connect(url, { rejectUnauthorized: false });

// The answer of one request: head, body, 1xx, trailers, when it ended or with what error.
function ask(client, path, { method = 'GET', body, ...fields } = {}) {
  return new Promise((resolve) => {
    const request = client.request({ ':path': path, ':method': method, ...fields },
      { endStream: body === undefined });
    const got = { hints: [], size: 0, text: '' };
    const done = (error) => resolve({ ...got, error, code: request.rstCode, at: Date.now() });
    request.on('headers', (head) => got.hints.push(head));
    request.on('response', (head) => { got.head = head; });
    request.on('trailers', (trailers) => { got.trailers = trailers; });
    request.on('data', (piece) => {
      got.size += piece.length;
      if (got.size < 1e6) got.text += piece;
    });
    request.on('error', (error) => done(error));
    request.on('close', () => done());
    if (body !== undefined) request.end(body);
  });
}

const claims = {
  async 'a GET'(client) {
    const got = await ask(client, '/get?a=1', { 'x-a': 'b' });
    assert.equal(got.head[':status'], 200);
    assert.equal(JSON.parse(got.text).headers['X-A'], 'b');
  },
  async 'a HEAD'(client) {
    const got = await ask(client, '/get', { method: 'HEAD' });
    assert.equal(got.size, 0);
    assert.ok(got.head['content-length'] > 0);
  },
  async 'a POST'(client) {
    const got = await ask(client, '/post', { method: 'POST', body: 'hello' });
    assert.equal(JSON.parse(got.text).data, 'hello');
  },
  async 'a big echo'(client) {
    const got = await ask(client, '/echo', { method: 'POST', body: Buffer.alloc(8e6, 'x') });
    assert.equal(got.size, 8e6);
  },
  async 'a big download'(client) {
    assert.equal((await ask(client, '/drip?numbytes=8000000&duration=0')).size, 8e6);
  },
  async 'delays that end in order of their times'(client) {
    const start = Date.now();
    const delays = [0.4, 0.1, 0.3, 0.2];
    const got = await Promise.all(delays.map((delay) => ask(client, `/delay/${delay}`)));
    got.forEach((one, n) => assert.ok(one.at - start >= delays[n] * 1000 - 1, `${delays[n]}`));
    const order = delays.toSorted((a, b) => got[delays.indexOf(a)].at - got[delays.indexOf(b)].at);
    assert.deepEqual(order, [0.1, 0.2, 0.3, 0.4]);
  },
  async 'trailers'(client) {
    const got = await ask(client, '/trailers?x-last=1');
    assert.ok(got.trailers && Object.keys(got.trailers).length, JSON.stringify(got));
  },
  async 'a hint'(client) {
    const got = await ask(client, '/get?~hint=<a>');
    assert.equal(got.hints[0]?.[':status'], 103);
    assert.equal(got.head[':status'], 200);
  },
  async 'cookies'(client) {
    const got = await ask(client, '/cookies', { cookie: ['a=1', 'b=2'] });
    assert.deepEqual(JSON.parse(got.text).cookies, { a: '1', b: '2' });
  },
  async 'a stream that is reset'(client) {
    const got = await ask(client, '/get?~fault=reset');
    assert.equal(got.error?.code, 'ERR_HTTP2_STREAM_ERROR');
    assert.equal((await ask(client, '/get')).head[':status'], 200);
  },
  async 'a stream that the client cancels'(client) {
    const request = client.request({ ':path': '/delay/10' });
    const closed = new Promise((resolve) => { request.on('close', resolve); });
    setTimeout(() => request.close(http2.constants.NGHTTP2_CANCEL), 20);
    await closed;
    assert.equal((await ask(client, '/get')).head[':status'], 200);
  },
  async 'a PING'(client) {
    await new Promise((resolve, reject) => {
      client.ping((error) => (error ? reject(error) : resolve()));
    });
  },
  async 'a GOAWAY'() {
    const client = session();
    client.on('error', () => {});
    const goaway = new Promise((resolve) => { client.on('goaway', resolve); });
    await ask(client, '/get?~last');
    assert.equal(await goaway, 0);
    client.destroy();
  },
};

const client = session();
let failed = 0;
for (const [name, claim] of Object.entries(claims)) {
  try {
    await Promise.race([claim(client), new Promise((_, reject) => {
      setTimeout(() => reject(new Error('it takes too long')), 10000).unref();
    })]);
  } catch (error) {
    failed += 1;
    console.log(`${name} does not hold: ${error.message.split('\n')[0]}`);
  }
}
client.destroy();
console.log(`node http2: ${Object.keys(claims).length} claims, ${failed} do not hold`);
process.exit(failed ? 1 : 0);
