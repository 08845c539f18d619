"use strict";
// The command line that does what Send does.

const socketUrl = (target) => location.origin.replace(/^http/, "ws") + target;

// What a shell takes as one word.
const shellWord = (text) =>
  /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

// The lines that the browser lets a page send: Cookie, Host and some more it writes itself.
function sendable(lines) {
  try {
    const { headers } = new Request("/", { headers: headersOf(lines) });
    return lines.filter((line) => headers.has(line.slice(0, line.indexOf(":")).trim()));
  } catch {
    return lines; // Send says what is wrong with them.
  }
}

// A name for what is written to a file: of the path, but not of what was filled in.
function fileName(path) {
  const [fixed, param] = path.split("{");
  return fixed.split("/").filter(Boolean).join(".") + (param === undefined ? "" : ".bin");
}

function loginWords({ login }) {
  if (!login) return [];
  if (login.scheme === "bearer") return ["-H", shellWord("Authorization: Bearer " + login.text)];
  // Without the colon curl would ask for the password.
  const user = login.text.includes(":") ? login.text : login.text + ":";
  return [...(login.scheme === "digest" ? ["--digest"] : []), "-u", shellWord(user)];
}

// A POST says so by its body, or else curl would send one to where it is redirected, too.
function bodyWords({ method, body, file, follow }) {
  const data = file ? ["--data-binary", shellWord("@" + file.name)] : body ? ["--data-raw", shellWord(body)] : [];
  if (method === "GET") return data;
  if (method === "HEAD") return ["--head"];
  if (method === "POST" && data.length) return data;
  if (method === "POST" && follow) return ["--data-raw", "''", "-H", "Content-Type:"];
  return ["-X", method, ...data];
}

function curl(asked) {
  const { method, target, headers, messages, needs, path, takesBody, file } = asked;
  if (messages) return "websocat " + shellWord(socketUrl(target));
  const words = ["curl"];
  const follow = needs.has("follow");
  if (needs.has("unbuffered")) words.push("-N");
  if (follow) words.push("-L");
  if (needs.has("decompress")) words.push("--compressed");
  if (needs.has("cookies")) words.push("-b", "cookies.txt", "-c", "cookies.txt");
  // What gives a body back gives back what a terminal cannot show if that is a file.
  const saved = needs.has("save") && method !== "HEAD" && (!takesBody || file);
  if (saved) words.push("-o", fileName(path) + (takesBody ? ".bin" : ""));
  words.push(...loginWords(asked), ...bodyWords({ ...asked, follow }));
  for (const line of sendable(headers)) {
    // An empty field is written with a semicolon: a colon would leave it out.
    words.push("-H", shellWord(line.replace(/:\s*$/, ";")));
  }
  if (/[[\]{}]/.test(target)) words.push("-g");
  return [...words, shellWord(location.origin + target)].join(" ");
}
