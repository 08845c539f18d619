"use strict";
// The command line that sends the same request as Send.

const socketUrl = (target) => location.origin.replace(/^http/, "ws") + target;

// On this machine a certificate is most likely of loiter's own CA, which no client trusts.
const trusting = /^https:\/\/(127\.|\[::1]|([^/:]+\.)?localhost\b)/.test(location.origin) ? ["-k"] : [];

// Quotes a text as one word for a POSIX shell, and for zsh, where a leading `=` names a command's path.
const shellWord = (text) =>
  /^[\w./:,@%+-][\w./:=,@%+-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

// The header lines that a page may send: the browser sets Cookie, Host and some others itself.
function sendable(lines) {
  try {
    const { headers } = new Request("/", { headers: headersOf(lines) });
    return lines.filter((line) => headers.has(line.slice(0, line.indexOf(":")).trim()));
  } catch {
    return lines; // Send reports what is wrong with them.
  }
}

// A file name for the answer, from the fixed part of the path.
function fileName(path) {
  const [fixed, param] = path.split("{");
  return fixed.split("/").filter(Boolean).join(".") + (param === undefined ? "" : ".bin");
}

function loginWords({ login }) {
  if (!login) return [];
  if (login.scheme === "bearer") return ["-H", shellWord("Authorization: Bearer " + login.text)];
  // Without the colon, curl would prompt for the password.
  const user = login.text.includes(":") ? login.text : login.text + ":";
  return [...(login.scheme === "digest" ? ["--digest"] : []), "-u", shellWord(user)];
}

// A file as the body, which -T sends with PUT as it reads it, or as a form's field.
function fileWords({ method, file, multipart, target }) {
  if (!multipart) {
    // After a slash, -T would add the file's name to the path.
    const streams = method === "PUT" && !/\/(\?|$)/.test(target);
    return streams ? ["-T", shellWord(file.name)] : ["--data-binary", shellWord("@" + file.name)];
  }
  const name = `"${file.name.replace(/["\\]/g, "\\$&")}"`;
  return ["-F", shellWord(`file=@${name};type=${file.type || "application/octet-stream"}`)];
}

// A body implies POST. With -X POST, curl would repeat the POST after a redirect.
function bodyWords(asked) {
  const { method, body, file, follow } = asked;
  const data = file ? fileWords(asked) : body ? ["--data-raw", shellWord(body)] : [];
  if (method === "GET") return data;
  if (method === "HEAD") return ["--head"];
  if (method === "POST" && data.length) return data;
  if (data[0] === "-T" && method === "PUT") return data;
  if (method === "POST" && follow) return ["--data-raw", "''", "-H", "Content-Type:"];
  return ["-X", method, ...data];
}

function curl(asked) {
  const { method, target, headers, messages, needs, path, takesBody, file, times } = asked;
  if (messages) return ["websocat", ...trusting, shellWord(socketUrl(target))].join(" ");
  const words = ["curl", ...trusting];
  const follow = needs.has("follow");
  if (needs.has("unbuffered")) words.push("-N");
  if (follow) words.push("-L");
  if (needs.has("decompress")) words.push("--compressed");
  if (needs.has("html")) words.push("-H", "'Accept: text/html'");
  if (needs.has("cookies")) words.push("-b", "cookies.txt", "-c", "cookies.txt");
  // An echo is binary only if the request sends a file.
  const saved = needs.has("save") && method !== "HEAD" && (!takesBody || file);
  if (times > 1) words.push("-sS", "-o", "/dev/null", "-w", "'%{http_code} %{time_starttransfer}\\n'");
  else if (saved) words.push("-o", fileName(path) + (takesBody ? ".bin" : ""));
  words.push(...loginWords(asked), ...bodyWords({ ...asked, follow }));
  for (const line of sendable(headers)) {
    // curl sends an empty field only if it is written with a semicolon.
    words.push("-H", shellWord(line.replace(/:\s*$/, ";")));
  }
  if (/[[\]{}]/.test(target + (file?.name ?? ""))) words.push("-g");
  const line = [...words, shellWord(location.origin + target)].join(" ");
  return times > 1 ? `(for n in $(seq ${times}); do ${line} & done; wait)` : line;
}
