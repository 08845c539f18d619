"use strict";
// Authentication with the Authorization field. The browser is not asked to do it, since its dialog
// would block the request.

const bytesOf = (text) => new TextEncoder().encode(text);
// A field value has one character for each byte.
const binary = (text) => String.fromCharCode(...bytesOf(text));
const hexOf = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// The message with the padding of MD5 and SHA-256: its length in bits at the end.
function padded(bytes, little) {
  const view = new DataView(new ArrayBuffer(((bytes.length + 72) >> 6) << 6));
  const end = view.byteLength - 8;
  new Uint8Array(view.buffer).set([...bytes, 128]);
  view.setUint32(little ? end : end + 4, bytes.length << 3, little);
  view.setUint32(little ? end + 4 : end, bytes.length >>> 29, little);
  return view;
}

// The words of a state in hex, in the given byte order.
function spelled(state, little) {
  const view = new DataView(new ArrayBuffer(4 * state.length));
  state.forEach((word, n) => view.setUint32(4 * n, word, little));
  return hexOf(new Uint8Array(view.buffer));
}

// RFC 1321. Browsers have no MD5, and no hashes at all on pages loaded over plain HTTP.
function md5(bytes) {
  const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
  const sines = Array.from({ length: 64 }, (_, n) => Math.floor(2 ** 32 * Math.abs(Math.sin(n + 1))));
  const steps = [
    (b, c, d, n) => [(b & c) | (~b & d), n],
    (b, c, d, n) => [(d & b) | (~d & c), (5 * n + 1) % 16],
    (b, c, d, n) => [b ^ c ^ d, (3 * n + 5) % 16],
    (b, c, d, n) => [c ^ (b | ~d), (7 * n) % 16],
  ];
  const view = padded(bytes, true);
  let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let at = 0; at < view.byteLength; at += 64) {
    let [a, b, c, d] = state;
    for (let n = 0; n < 64; n++) {
      const round = n >> 4;
      const [mixed, word] = steps[round](b, c, d, n);
      const sum = (a + mixed + sines[n] + view.getUint32(at + 4 * word, true)) | 0;
      const shift = shifts[4 * round + (n % 4)];
      [a, b, c, d] = [d, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0, b, c];
    }
    state = [a, b, c, d].map((word, n) => (word + state[n]) | 0);
  }
  return spelled(state, true);
}

// FIPS 180-4. Its constants are the first fraction bits of roots of primes.
function sha256(bytes) {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (root) => Math.floor((root % 1) * 2 ** 32);
  const keys = primes.map((prime) => fraction(Math.cbrt(prime)));
  let state = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
  const turned = (word, ...turns) =>
    turns.reduce((all, turn) => all ^ ((word >>> turn) | (word << (32 - turn))), 0);
  const view = padded(bytes, false);
  for (let at = 0; at < view.byteLength; at += 64) {
    const words = [];
    let [a, b, c, d, e, f, g, h] = state;
    for (let n = 0; n < 64; n++) {
      const [x, y] = [words[n - 15], words[n - 2]];
      words.push(n < 16
        ? view.getUint32(at + 4 * n)
        : (words[n - 16] + (turned(x, 7, 18) ^ (x >>> 3)) + words[n - 7] + (turned(y, 17, 19) ^ (y >>> 10))) | 0);
      const one = (h + turned(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + keys[n] + words[n]) | 0;
      const two = (turned(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    state = [a, b, c, d, e, f, g, h].map((word, n) => (word + state[n]) | 0);
  }
  return spelled(state, false);
}

const HASHES = { "MD5": md5, "SHA-256": sha256 };

// The credentials for a digest challenge (RFC 7616 3.4), or undefined for an unsupported hash.
async function digestLogin(challenge, { method, target, body, login }) {
  const given = {};
  for (const [, name, quoted, plain] of challenge.matchAll(/([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
    given[name.toLowerCase()] = plain ?? quoted.replace(/\\(.)/g, "$1");
  }
  const algorithm = given.algorithm ?? "MD5";
  const [name, session] = algorithm.toUpperCase().split("-SESS");
  if (!HASHES[name]) return undefined;
  const hash = (...parts) => HASHES[name](bytesOf(parts.join(":")));
  const colon = login.text.indexOf(":");
  const [user, password] = colon < 0 ? [login.text, ""] : [login.text.slice(0, colon), login.text.slice(colon + 1)];
  const cnonce = hexOf(crypto.getRandomValues(new Uint8Array(16)));
  const { pathname, search } = new URL(target, location.href);
  const uri = pathname + search;
  let first = hash(user, given.realm, password);
  if (session !== undefined) first = hash(first, given.nonce, cnonce);
  const offered = given.qop?.split(/\s*,\s*/) ?? [];
  const qop = offered.includes("auth") ? "auth" : offered[0];
  const whole = new Uint8Array(await new Response(body || null).arrayBuffer());
  const second = qop === "auth-int" ? hash(method, uri, HASHES[name](whole)) : hash(method, uri);
  const middle = qop ? ["00000001", cnonce, qop] : [];
  const response = hash(first, given.nonce, ...middle, second);
  const quote = (text) => '"' + binary(text).replace(/["\\]/g, "\\$&") + '"';
  const fields = { username: user, realm: given.realm, nonce: given.nonce, uri, response, opaque: given.opaque };
  const list = Object.entries(fields).filter(([, value]) => value !== undefined);
  const texts = list.map(([name, value]) => `${name}=${quote(value)}`);
  texts.push("algorithm=" + algorithm);
  if (qop) texts.push(`qop=${qop}, nc=00000001, cnonce="${cnonce}"`);
  return "Digest " + texts.join(", ");
}

// The reply to an authenticated request; with digest authentication it is the second request.
async function fetchAs(asked, options) {
  const { target, login } = asked;
  const authorize = (value) => {
    const headers = new Headers(options.headers);
    headers.set("Authorization", value);
    return fetch(target, { ...options, headers });
  };
  if (login?.scheme === "basic") return authorize("Basic " + btoa(binary(login.text)));
  if (login?.scheme === "bearer") return authorize("Bearer " + binary(login.text));
  const reply = await fetch(target, options);
  const challenge = reply.headers.get("WWW-Authenticate");
  if (login?.scheme !== "digest" || reply.status !== 401 || !challenge) return reply;
  const answer = await digestLogin(challenge, asked);
  if (answer === undefined) return reply;
  await reply.body?.cancel();
  return authorize(answer);
}
