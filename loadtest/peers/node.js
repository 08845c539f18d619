// The paths of src/lib.rs in Node's http module. usage: node node.js PORT
"use strict";
const http = require("node:http");

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
  const [, first, rest] = request.url.split("/");
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

const server = http.createServer({ keepAliveTimeout: 300_000, requestTimeout: 0 }, serve);
server.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
