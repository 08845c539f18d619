// The paths of src/lib.rs in Node's http, https and http2 modules.
// usage: node node.js PORT [http1 | http2 [CERTIFICATE KEY]]
"use strict";
const fs = require("node:fs");
const http = require("node:http");
const http2 = require("node:http2");
const https = require("node:https");

const HTML = { "Content-Type": "text/html; charset=utf-8" };
const FILLER = Buffer.alloc(1 << 21, "x");

function send(answer, body, fields = HTML) {
  answer.writeHead(200, { ...fields, "Content-Length": body.length });
  answer.end(body);
}

function echo(request, answer) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => send(answer, Buffer.concat(parts), {}));
}

function serve(request, answer) {
  const [, first, rest] = request.url.split("?")[0].split("/");
  switch (first) {
    case "status": return send(answer, "");
    case "text": return send(answer, "Hello, World!");
    case "bytes":
      return send(answer, FILLER.subarray(0, Number(rest)), { "Content-Type": "application/octet-stream" });
    case "delay": return setTimeout(() => send(answer, ""), Number(rest) * 1000);
    case "echo": return echo(request, answer);
    default: answer.writeHead(404).end();
  }
}

const [, , port, version, certificate, key] = process.argv;
const options = {
  keepAliveTimeout: 300_000,
  requestTimeout: 0,
  maxSessionMemory: 10_000, // MB
  settings: { maxConcurrentStreams: 1 << 20 },
  ...(key && { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }),
};

function create() {
  if (version === "http2") return key ? http2.createSecureServer(options, serve) : http2.createServer(options, serve);
  return key ? https.createServer(options, serve) : http.createServer(options, serve);
}

create().listen({ host: "127.0.0.1", port: Number(port), backlog: 4096 });
