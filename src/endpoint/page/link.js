"use strict";
// The fragment of the address holds a form's values, so that a link opens the form with them:
// `#r-drip?numbytes=5&~delay=2s/words of the filter`. Modifiers begin with `~`, and what every form has
// with a dot.

const OWN = ["method", "headers", "body", "times"];

// The row's id, its form's values and the filter's words; undefined where there are none.
function readLink() {
  const [place, words] = splitAt(location.hash.slice(1), "/");
  const [id, state] = splitAt(place, "?");
  return { id, state, words: words && decode(words) };
}

function writeLink({ id, state, words }) {
  const text = id + (state === undefined ? "" : "?" + state) + (words ? "/" + encode(words) : "");
  history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
}

// A value; none for the first of several choices.
const valueOf = ({ options, selectedIndex, value }) => (options && !selectedIndex ? "" : value);

// Every value that is not empty.
function stateOf(form, fields, modifiers) {
  const own = OWN.map((name) => ["." + name, valueOf(form.elements[name])]);
  const given = fields.map(({ name, input, login }) => [login ? ".login" : name, input.value]);
  const pairs = [...given, ...own].filter(([, value]) => value !== "");
  const texts = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return [...texts, ...modifiers.list().map((modifier) => "~" + spellModifier(modifier))].join("&");
}

// Gives a form the values of a link; the others are emptied.
function restore(state, form, fields, modifiers) {
  const pairs = state.split("&").map((text) => splitAt(text, "=").map((part) => decode(part ?? "")));
  const values = new Map(pairs);
  for (const { name, input, login } of fields) input.value = values.get(login ? ".login" : name) ?? "";
  for (const name of OWN) {
    const [input, value] = [form.elements[name], values.get("." + name) ?? ""];
    const choices = [...input.options ?? []].map((option) => option.value);
    input.value = choices.length && !choices.includes(value) ? choices[0] : value;
  }
  if (values.has(".headers") || values.has(".body")) $(".more", form).open = true;
  modifiers.clear();
  const chosen = pairs.filter(([name]) => name.startsWith("~"));
  for (const [name, value] of chosen) modifiers.put({ name: name.slice(1), value });
  if (chosen.length) modifiers.part.open = true;
}
