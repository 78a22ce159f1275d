// The inputs: a field for each feature, with its validation messages.

import { byId, make } from "../dom.js";
import { colorOf, labelOf } from "../contract.js";
import { ChoiceField } from "./choice.js";
import { NumberField } from "./number.js";
import { SwitchField } from "./switch.js";
import { point } from "../pointers.js";
import { Search } from "./search.js";

export class Form {
  #fields = [];

  constructor(onChange) {
    this.onChange = onChange;
    this.element = byId("fields");
    this.buttons = byId("typical");
    this.search = new Search();
    this.element.addEventListener("submit", (event) => event.preventDefault());
  }

  // For another model, fields of the same name keep their values.
  build(shape) {
    const before = this.row();
    const focused = document.activeElement?.id;
    this.#fields = shape.features.map((feature, index) => create(feature, `field-${index}`, this.onChange));
    this.element.replaceChildren(...this.#fields.map((field) => field.element));
    this.buttons.replaceChildren(...shape.typical.map((row) => this.#button(row, shape)));
    this.#fill(shape.typical[0]?.values ?? []);
    this.#fill(this.#fields.map(({ feature }) => before[feature.name]));
    this.search.build(this.#fields);
    if (focused) byId(focused)?.focus();
  }

  row() {
    return Object.fromEntries(this.#fields.map((field) => [field.feature.name, field.value]));
  }

  // Where there is no value to send; everything else is validated by the service.
  findMissing() {
    const missing = this.#fields.filter((field) => field.problem);
    return missing.map((field) => ({ pointer: point(field.feature.name), message: field.problem }));
  }

  show(issues, outside) {
    for (const field of this.#fields) {
      const { name } = field.feature;
      const issue = issues.find(({ pointer }) => pointer === point(name));
      field.show(issue?.message ?? "", outside.includes(name));
    }
    this.search.apply(); // an invalid field must be visible
  }

  // Values that do not fit leave a field as it is.
  #fill(values) {
    this.#fields.forEach((field, index) => {
      if (field.accepts(values[index])) field.value = values[index];
    });
  }

  #button({ name, values }, { classes, labels }) {
    const dot = make("span", { class: `dot ${colorOf(classes, name)}`, "aria-hidden": "true" });
    const button = make("button", { type: "button" }, dot, labelOf(labels, name));
    button.addEventListener("click", () => {
      this.#fill(values);
      this.onChange();
    });
    return button;
  }
}

function create(feature, id, onChange) {
  const { type, nullable, low, options } = feature;
  const isNumber = type === "number" || type === "integer";
  const isSwitch = type === "boolean" && !nullable;
  const field = new (isNumber ? NumberField : isSwitch ? SwitchField : ChoiceField)(feature, id, onChange);
  field.value = isNumber ? low : options[0].value;
  return field;
}
