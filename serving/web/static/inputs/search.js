// Finds fields by their names, where there are many.

import { announce, byId, say } from "../dom.js";
import { count } from "../numbers.js";

const FEW_FIELDS = 12; // need no search

export class Search {
  #fields = [];

  constructor() {
    this.element = byId("search");
    this.input = byId("search-text");
    this.input.addEventListener("input", () => {
      this.apply();
      announce(byId("search-note").textContent);
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#goToFirst();
    });
  }

  build(fields) {
    this.#fields = fields;
    this.element.hidden = fields.length <= FEW_FIELDS;
    byId("fields").classList.toggle("many", fields.length > FEW_FIELDS);
    if (this.element.hidden) this.input.value = "";
    this.apply();
  }

  // An invalid field stays visible, because it prevents a prediction, and so does the
  // one in use.
  apply() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.#fields.filter((field) => field.matches(words));
    for (const field of this.#fields) {
      const { element } = field;
      const isNeeded = element.dataset.state === "invalid" || element.contains(document.activeElement);
      element.hidden = !isNeeded && !found.includes(field);
    }
    const all = count(this.#fields.length, "input");
    say(byId("search-note"), words.length ? `${found.length} of ${all} found.` : "");
  }

  #goToFirst() {
    const first = this.#fields.find(({ element }) => !element.hidden)?.element;
    const input = first?.querySelector("[type=radio]:checked") ?? first?.querySelector("input, select");
    input?.focus();
  }
}
