"use strict";
// The part of a form that makes its answer slow, odd or broken. A modifier is a name and a value; the
// part's markup, with every name, value syntax and sample, is in the page.

const decode = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A percent sign that begins no escape.
  }
};
const splitAt = (text, mark) => {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
};

// As it is written in the path, in a Loiter field and in a link.
const spellModifier = ({ name, value }) => (value === "" ? name : `${name}=${encode(value)}`);
const loiterField = (modifiers) => modifiers.map(spellModifier).join("; ");

function readLoiterField(text) {
  return text.split(";").map((part) => part.trim()).filter(Boolean).map((part) => {
    const [name, value = ""] = splitAt(part, "=");
    return { name, value: decode(value) };
  });
}

// What an answer was asked to break by: in its Loiter field, or else in the request.
function faultOf(modifiers, reply) {
  const applied = reply?.headers.get("Loiter");
  const list = applied ? readLoiterField(applied) : modifiers;
  const fault = list.findLast(({ name }) => name === "fault");
  return fault && "fault=" + fault.value;
}

let inputs = 0; // for the ids of the inputs of all forms

// Adds the part to a form. `changed` is called when a modifier is added or removed by a button.
function composer(form, changed) {
  const template = $("#modifiers");
  if (!template) return { list: () => [], put() {}, clear() {}, part: {} };
  const part = template.content.cloneNode(true).firstElementChild;
  const items = () => $$(".set > li", part);
  const itemsOf = (name) => items().filter((item) => item.dataset.name === name);
  const count = () => {
    const length = items().length;
    $(".count", part).textContent = length ? `${length} set` : "";
  };

  const build = ({ value: name, dataset: { form, about, sample } }, group) => {
    const item = make("li");
    const hint = make("span", { className: "hint", textContent: about, id: `modifier-${++inputs}` });
    hint.append(make("small", { textContent: form || "no value" }));
    const label = make(form ? "label" : "span", { className: "name", textContent: name });
    const input = make(form ? "input" : "span", { id: hint.id + "-value" });
    if (form) {
      label.htmlFor = input.id;
      Object.assign(input, { placeholder: sample, spellcheck: false });
      input.setAttribute("autocapitalize", "off");
      input.setAttribute("aria-describedby", hint.id);
    }
    const remove = make("button", { type: "button", className: "remove", textContent: "\u00d7" });
    remove.ariaLabel = "Remove " + name;
    remove.addEventListener("click", () => {
      item.remove();
      $("select", group).focus();
      count();
      changed();
    });
    item.dataset.name = name;
    item.append(label, input, hint, remove);
    $(".set", group).append(item);
    count();
    return item;
  };

  // Sets a modifier, and returns its item. Unknown names, as of what an answer shows besides, are ignored.
  const put = ({ name, value }) => {
    const option = $$("option", part).find((option) => name && option.value === name);
    if (!option) return undefined;
    const [old] = "repeats" in option.dataset ? [] : itemsOf(name);
    const item = old ?? build(option, option.closest(".group"));
    const input = $("input", item);
    if (input) input.value = value;
    return item;
  };
  const clear = () => {
    items().forEach((item) => item.remove());
    count();
  };
  // A modifier that needs a value and has none is left out.
  const list = () => items()
    .map((item) => ({ name: item.dataset.name, value: $("input", item)?.value, item }))
    .filter(({ value }) => value !== "")
    .map(({ name, value = "" }) => ({ name, value }));

  for (const group of $$(".group", part)) {
    const [select, add] = [$("select", group), $(".add", group)];
    select.addEventListener("input", () => (add.disabled = !select.value));
    add.addEventListener("click", () => {
      const { value: name, dataset } = select.selectedOptions[0];
      const input = $("input", put({ name, value: dataset.sample }));
      select.value = "";
      add.disabled = true;
      if (input) input.select();
      (input ?? select).focus();
      changed();
    });
  }
  for (const preset of $$(".presets button", part)) {
    preset.addEventListener("click", () => {
      readLoiterField(preset.dataset.set).forEach(put);
      changed();
    });
  }
  $(".more", form).after(part);
  return { list, put, clear, part };
}
