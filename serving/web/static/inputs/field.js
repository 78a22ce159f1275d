// What all fields have: an element, and a note with what is accepted or wrong.

import { make } from "../dom.js";

export class Field {
  constructor(feature, id, attributes = {}) {
    this.feature = feature;
    this.note = make("p", { id: `${id}-note`, class: "note" });
    this.element = make("div", { class: "field", ...attributes });
  }

  // The name of the feature, with its description as a hint.
  title(tag, attributes) {
    const { label, hint } = this.feature;
    const name = make(tag, { class: "name", ...attributes }, label);
    if (hint) name.append(make("span", { class: "hint" }, hint));
    return name;
  }

  // Why there is no value to send, if there is none; the service validates all others.
  get problem() {
    return "";
  }

  show(issue, isOutside) {
    const state = issue ? "invalid" : isOutside ? "outside" : "fine";
    const text = { invalid: `${this.feature.label} ${issue}.`, outside: this.outside, fine: this.fine }[state];
    if (this.note.textContent !== text) this.note.textContent = text;
    this.element.dataset.state = state;
    for (const input of this.inputs) input.setAttribute("aria-invalid", String(Boolean(issue)));
  }

  matches(words) {
    const { name, label, hint } = this.feature;
    const text = `${name} ${label} ${hint}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }
}
