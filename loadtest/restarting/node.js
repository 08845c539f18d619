// node's own way to end: stop listening, close idle connections, wait for the answers. Without the interval a
// client that keeps its connection busy would keep the process.
// usage: node node.js PORT
"use strict";
const http = require("node:http");

const server = http.createServer({ keepAliveTimeout: 75_000 }, (request, answer) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const body = searchParams.get("n") ?? "";
  const send = () => answer.writeHead(200, { "Content-Length": body.length }).end(body);
  const [, first, seconds] = pathname.split("/");
  if (first === "delay") setTimeout(send, Number(seconds) * 1000);
  else send();
});
server.listen(Number(process.argv[2]), "127.0.0.1");
process.on("SIGTERM", () => {
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  server.close(() => clearInterval(idle));
});
