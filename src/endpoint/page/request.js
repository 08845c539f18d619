"use strict";
// The fields of a form, and the request that they describe.

const encode = (text) => encodeURIComponent(text).replace(/%(2C|3A|40)/g, decodeURIComponent);

function field(item) {
  const { name, choices, default: value } = item.dataset;
  const path = item.dataset.in === "path";
  const required = "required" in item.dataset;
  const id = item.closest("[data-path]").id + "-" + name;
  const input = choices === undefined
    ? make("input", { type: "text", value: required ? value : "", placeholder: required ? "" : value })
    : make("select");
  if (choices !== undefined) {
    if (!required) input.append(make("option", { value: "", textContent: value || "left out" }));
    for (const text of choices.split("|")) {
      if (required || text !== value) input.append(make("option", { value: text, textContent: text }));
    }
    if (required) input.value = value;
  }
  if ("numeric" in item.dataset) input.inputMode = "numeric";
  Object.assign(input, { id, spellcheck: false, autocomplete: "off" });
  input.setAttribute("autocapitalize", "off");
  $(".hint", item).id = id + "-hint";
  input.setAttribute("aria-describedby", id + "-hint");
  const label = make("label", { className: "name", htmlFor: id });
  label.textContent = $(".name", item).textContent;
  $(".name", item).replaceWith(label);
  label.after(input);
  return { name, path, input, login: item.dataset.in === "login" };
}

// The field for the credentials: those in the path, unless the user writes others.
function loginItem(needs) {
  const bearer = needs.has("bearer");
  if (!bearer && !needs.has("basic") && !needs.has("digest")) return [];
  const item = make("li");
  const [name, about, form] = bearer
    ? ["token", "sent with the request", "text; not sent if empty"]
    : ["log in as", "sent with the request", "user:password; not sent if empty"];
  Object.assign(item.dataset, { name: "login", in: "login", default: bearer ? "token" : "", required: "" });
  const hint = make("span", { className: "hint", textContent: about });
  hint.append(make("small", { textContent: form }));
  item.append(make("span", { className: "name", textContent: name }), " ", hint);
  return [item];
}

function credentialsFromPath(fields) {
  const [user, passwd] = ["user", "passwd"].map((name) => fields.find((field) => field.name === name));
  const login = fields.find((field) => field.login);
  if (!login || !passwd) return;
  const credentials = user.input.value + ":" + passwd.input.value;
  if (login.input.value === (login.fromPath ?? "")) login.input.value = credentials;
  login.fromPath = credentials;
}

function target(row, fields, modifiers) {
  const query = [];
  let path = row.dataset.path;
  for (const { name, path: inPath, input, login } of fields) {
    const value = input.value;
    if (login) continue;
    if (inPath) {
      const rest = `{${name}*}`;
      path = path.includes(rest)
        ? path.replace(rest, () => value.split("/").map(encode).join("/"))
        : path.replace(`{${name}}`, () => encode(value));
    } else if (value !== "") {
      query.push(name === "*" ? encodeURI(value).replace(/#/g, "%23") : `${name}=${encode(value)}`);
    }
  }
  const segments = modifiers.map((modifier) => "/~" + spellModifier(modifier)).join("");
  return prefix + segments + path + (query.length ? "?" + query.join("&") : "");
}

// Paths that may answer with a challenge, for which a browser would open its dialog.
const challenges = rows
  .filter((row) => /basic|bearer|digest|challenge/.test(row.dataset.client))
  .map((row) => row.dataset.path.split("{")[0]);

function ask(row, form, fields, modifiers) {
  const method = form.elements.method.value;
  const messages = "messages" in row.dataset;
  const bare = ["GET", "HEAD"].includes(method) && !messages;
  const takesBody = "body" in row.dataset;
  const file = bare ? undefined : form.elements.file.files[0];
  const body = bare ? "" : file ?? form.elements.body.value;
  const headers = form.elements.headers.value.split("\n").filter((line) => line.trim());
  const given = (name) => headers.some((line) => line.split(":")[0].trim().toLowerCase() === name);
  const multipart = Boolean(file && form.elements.as.value);
  if (body && !multipart && !given("content-type") && !messages) {
    headers.push("Content-Type: " + (file ? file.type || "application/octet-stream" : mediaOf(body)));
  }
  const needs = new Set(row.dataset.client.split(" "));
  const scheme = ["basic", "bearer", "digest"].find((name) => needs.has(name));
  const text = fields.find((field) => field.login)?.input.value;
  const login = text && !given("authorization") ? { scheme, text } : undefined;
  const to = target(row, fields, modifiers);
  const challenged = /authenticate/i.test(to)
    || challenges.some((path) => to.replaceAll("%2F", "/").includes(path));
  const { path } = row.dataset;
  const times = messages ? 1 : Math.min(Math.max(parseInt(form.elements.times.value, 10) || 1, 1), MOST);
  const request = { method, target: to, headers, body, file, multipart, messages, modifiers, times };
  return { ...request, needs, path, takesBody, login, challenged };
}

function mediaOf(body) {
  try {
    JSON.parse(body);
    return "application/json";
  } catch {
    return /^[^\s=&]+=[^\s]*$/.test(body) ? "application/x-www-form-urlencoded" : "text/plain";
  }
}

