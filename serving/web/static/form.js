// The fields: a number and a slider for each feature, with its validation messages.

import { byId, make } from "./dom.js";
import { colorOf } from "./contract.js";
import { plain } from "./numbers.js";

export class Form {
  #fields = [];

  constructor(onChange) {
    this.onChange = onChange;
    this.element = byId("fields");
    this.buttons = byId("typical");
    this.element.addEventListener("submit", (event) => event.preventDefault());
  }

  // For another model, fields of the same name keep their values.
  build({ features, classes, typical }) {
    const before = this.row();
    const focused = document.activeElement?.id;
    this.#fields = features.map((feature, index) => new Field(feature, index, this.onChange));
    this.element.replaceChildren(...this.#fields.map((field) => field.element));
    this.buttons.replaceChildren(...typical.map((row) => this.#button(row, classes)));
    this.#fields.forEach((field, index) => {
      const start = typical[0]?.values[index] ?? field.feature.low;
      field.value = before[field.feature.name] ?? start;
    });
    if (focused) byId(focused)?.focus();
  }

  row() {
    return Object.fromEntries(this.#fields.map((field) => [field.feature.name, field.value]));
  }

  // Only numbers can be sent; everything else is validated by the service.
  findMissing() {
    const missing = this.#fields.filter((field) => field.value === null);
    return missing.map((field) => ({
      pointer: `/${field.feature.name}`,
      message: "must be a number",
    }));
  }

  show(faults, outside) {
    for (const field of this.#fields) {
      const { name } = field.feature;
      const fault = faults.find(({ pointer }) => pointer === `/${escape(name)}`);
      field.show(fault?.message ?? "", outside.includes(name));
    }
  }

  #button(row, classes) {
    const dot = make("span", { class: `dot ${colorOf(classes, row.label)}`, "aria-hidden": "true" });
    const button = make("button", { type: "button" }, dot, row.label);
    button.addEventListener("click", () => {
      this.#fields.forEach((field, index) => { field.value = row.values[index]; });
      this.onChange();
    });
    return button;
  }
}

// In JSON pointers, ~ is written as ~0 and / as ~1.
const escape = (name) => name.replaceAll("~", "~0").replaceAll("/", "~1");

class Field {
  constructor(feature, index, onChange) {
    this.feature = feature;
    const { label, unit, hint, minimum, maximum, step, from, to } = feature;
    const id = `field-${index}`;
    this.number = make("input", {
      id, type: "number", inputmode: "decimal", min: minimum, max: maximum, step,
      autocomplete: "off", "aria-describedby": `${id}-note`,
    });
    this.slider = make("input", {
      id: `${id}-slider`, type: "range", min: from, max: to, step,
      "aria-label": `${label}, slider`, "aria-describedby": `${id}-note`,
    });
    this.note = make("p", { id: `${id}-note`, class: "note" });
    const name = make("label", { for: id }, label);
    if (hint) name.append(make("span", { class: "hint" }, hint));
    const measure = make("span", { class: "measure" }, this.number);
    measure.append(make("span", { class: "unit" }, unit));
    this.element = make("div", { class: "field" }, name, measure, this.slider, this.note);
    this.number.addEventListener("input", () => { this.#follow(); onChange(); });
    this.slider.addEventListener("input", () => {
      this.number.value = plain(this.slider.valueAsNumber);
      this.#follow();
      onChange();
    });
    this.show("", false);
  }

  get value() {
    const value = this.number.valueAsNumber;
    return Number.isNaN(value) ? null : value;
  }

  set value(value) {
    this.number.value = value === null ? "" : plain(value);
    this.#follow();
  }

  show(fault, isOutside) {
    const { label, unit, low, high, minimum, maximum } = this.feature;
    const seen = `${plain(low)} to ${plain(high)}${unit && ` ${unit}`}`;
    const texts = {
      fault: `${label} ${fault}.`,
      outside: `Outside the training range: ${seen}.`,
      fine: `Trained on ${seen}; accepts ${plain(minimum)} to ${plain(maximum)}.`,
    };
    const state = fault ? "fault" : isOutside ? "outside" : "fine";
    if (this.note.textContent !== texts[state]) this.note.textContent = texts[state];
    this.element.dataset.state = state;
    this.number.setAttribute("aria-invalid", String(Boolean(fault)));
  }

  // The range of the slider grows with the value, so that both always agree.
  #follow() {
    const { from, to, low, high, unit } = this.feature;
    const value = this.value ?? from;
    const [least, most] = [Math.min(from, value), Math.max(to, value)];
    this.slider.min = least;
    this.slider.max = most;
    this.slider.value = value;
    this.slider.setAttribute("aria-valuetext", `${plain(value)} ${unit}`.trim());
    const share = (bound) => (bound - least) / (most - least || 1);
    this.slider.style.setProperty("--low", share(low));
    this.slider.style.setProperty("--high", share(high));
  }
}
