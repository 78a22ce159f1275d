// A number or an integer: a number field and a slider.

import { make } from "../dom.js";
import { plain } from "../numbers.js";
import { Field } from "./field.js";

export class NumberField extends Field {
  #unknown = null;
  #last = ""; // what was entered before the value became unknown

  constructor(feature, id, onChange) {
    super(feature, id);
    const { label, unit, type, nullable, minimum, maximum, step, from, to, low, high } = feature;
    this.number = make("input", {
      id, type: "number", inputmode: type === "integer" ? "numeric" : "decimal", min: minimum,
      max: maximum, step, autocomplete: "off", "aria-describedby": `${id}-note`,
    });
    this.slider = make("input", {
      id: `${id}-slider`, type: "range", min: from, max: to, step,
      "aria-label": `${label}, slider`, "aria-describedby": `${id}-note`,
    });
    this.inputs = [this.number];
    const seen = `${plain(low)} to ${plain(high)}${unit && ` ${unit}`}`;
    this.outside = `Outside the training range: ${seen}.`;
    this.fine = `Trained on ${seen}; accepts ${plain(minimum)} to ${plain(maximum)}.`;
    const measure = make("span", { class: "measure" }, this.number, make("span", { class: "unit" }, unit));
    this.element.append(this.title("label", { for: id }), measure, this.slider);
    if (nullable) this.element.append(this.#choose(label, id, onChange));
    this.element.append(this.note);
    this.number.addEventListener("input", () => { this.#know(); this.#follow(); onChange(); });
    this.slider.addEventListener("input", () => {
      this.#know();
      this.number.value = plain(this.slider.valueAsNumber);
      this.#follow();
      onChange();
    });
    this.show("", false);
  }

  // Undefined if the text is not a number.
  get value() {
    if (this.#unknown?.checked) return null;
    const value = this.number.valueAsNumber;
    return Number.isNaN(value) ? undefined : value;
  }

  set value(value) {
    if (this.#unknown) this.#unknown.checked = value === null;
    if (value === null) this.#forget();
    else this.number.value = plain(value);
    this.#follow();
  }

  get problem() {
    if (this.value !== undefined) return "";
    const { type, nullable } = this.feature;
    return `must be ${type === "integer" ? "an integer" : "a number"}${nullable ? ", or unknown" : ""}`;
  }

  accepts(value) {
    return typeof value === "number" || (value === null && this.feature.nullable);
  }

  #choose(label, id, onChange) {
    this.#unknown = make("input", { id: `${id}-unknown`, type: "checkbox", "aria-label": `${label} unknown` });
    this.#unknown.addEventListener("change", () => {
      if (this.value === null) this.#forget();
      else this.number.value = this.#last;
      this.#follow();
      onChange();
    });
    return make("label", { class: "choice" }, this.#unknown, "Unknown");
  }

  #forget() {
    if (this.number.value) this.#last = this.number.value;
    this.number.value = "";
  }

  // Who enters a value knows it.
  #know() {
    if (this.#unknown) this.#unknown.checked = false;
  }

  // The range of the slider grows with the value, so that both always agree.
  #follow() {
    const { from, to, low, high, unit } = this.feature;
    const isUnknown = this.value === null;
    const entered = Number.parseFloat(isUnknown ? this.#last : this.number.value);
    const value = Number.isNaN(entered) ? from : entered;
    const [least, most] = [Math.min(from, value), Math.max(to, value)];
    this.slider.min = least;
    this.slider.max = most;
    this.slider.value = value;
    this.slider.setAttribute("aria-valuetext", isUnknown ? "unknown" : `${plain(value)} ${unit}`.trim());
    this.element.classList.toggle("unknown", isUnknown);
    this.number.placeholder = isUnknown ? "unknown" : "";
    const share = (bound) => (bound - least) / (most - least || 1);
    this.slider.style.setProperty("--low", share(low));
    this.slider.style.setProperty("--high", share(high));
    this.number.style.setProperty("--digits", this.number.value.length);
  }
}
