// A boolean that is always known: a switch.

import { make } from "../dom.js";
import { Field } from "./field.js";

export class SwitchField extends Field {
  outside = "Not seen in training.";
  fine = "";

  constructor(feature, id, onChange) {
    super(feature, id);
    this.input = make("input", { id, type: "checkbox", role: "switch", "aria-describedby": `${id}-note` });
    this.inputs = [this.input];
    this.state = make("span", { class: "unit", "aria-hidden": "true" });
    const measure = make("span", { class: "measure" }, this.input, this.state);
    this.element.append(this.title("label", { for: id }), measure, this.note);
    this.input.addEventListener("change", () => { this.#follow(); onChange(); });
    this.show("", false);
  }

  get value() {
    return this.input.checked;
  }

  set value(value) {
    this.input.checked = value;
    this.#follow();
  }

  accepts(value) {
    return typeof value === "boolean";
  }

  #follow() {
    this.state.textContent = this.feature.options[Number(this.value)].text;
  }
}
