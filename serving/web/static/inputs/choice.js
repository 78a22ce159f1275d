// One of some options: buttons if there are few of them, otherwise a list.

import { make } from "../dom.js";
import { Field } from "./field.js";

const MAX_BUTTONS = 6; // "unknown" is one of them
const OTHER = "Another value …";

export class ChoiceField extends Field {
  #other = null;

  outside = "Not seen in training.";
  fine = "";

  constructor(feature, id, onChange) {
    const texts = feature.options.map(({ text }) => text);
    if (feature.isOpen) texts.push(OTHER);
    const hasButtons = feature.options.length <= MAX_BUTTONS;
    super(feature, id, hasButtons ? describeGroup(id) : {});
    const change = () => { this.#follow(); onChange(); };
    this.picker = new (hasButtons ? Buttons : List)(id, texts, change);
    this.inputs = [hasButtons ? this.element : this.picker.element];
    const title = hasButtons ? this.title("span", { id: `${id}-name` }) : this.title("label", { for: id });
    this.element.append(title, this.picker.element);
    if (feature.isOpen) this.element.append(this.#ask(id, change));
    this.element.append(this.note);
    this.show("", false);
  }

  get #hasOther() {
    return this.picker.index === this.feature.options.length;
  }

  get value() {
    const option = this.feature.options[this.picker.index];
    return this.#hasOther ? this.#other.value : option.value;
  }

  set value(value) {
    const index = this.feature.options.findIndex((option) => option.value === value);
    this.picker.index = index === -1 ? this.feature.options.length : index;
    if (index === -1) this.#other.value = value;
    this.#follow();
  }

  get problem() {
    return this.#hasOther && !this.#other.value.trim() ? "must not be empty" : "";
  }

  accepts(value) {
    return this.feature.options.some((option) => option.value === value)
      || (this.feature.isOpen && typeof value === "string");
  }

  #ask(id, change) {
    const label = `${this.feature.label}, another value`;
    this.#other = make("input", {
      id: `${id}-other`, type: "text", autocomplete: "off", "aria-label": label, "aria-describedby": `${id}-note`,
    });
    this.#other.addEventListener("input", change);
    return this.#other;
  }

  #follow() {
    if (this.#other) this.#other.hidden = !this.#hasOther;
  }
}

const describeGroup = (id) => ({
  role: "radiogroup", "aria-labelledby": `${id}-name`, "aria-describedby": `${id}-note`,
});

class Buttons {
  constructor(id, texts, onChange) {
    this.radios = texts.map((_, index) => make("input", {
      id: index ? `${id}-${index}` : id, type: "radio", name: id,
    }));
    this.element = make("span", { class: "choices" }, ...this.radios.map(
      (radio, index) => make("label", { class: "choice" }, radio, texts[index]),
    ));
    this.element.addEventListener("change", onChange);
  }

  get index() {
    return this.radios.findIndex(({ checked }) => checked);
  }

  set index(index) {
    this.radios[index].checked = true;
  }
}

class List {
  constructor(id, texts, onChange) {
    const options = texts.map((text) => make("option", {}, text));
    this.element = make("select", { id, "aria-describedby": `${id}-note` }, ...options);
    this.element.addEventListener("change", onChange);
  }

  get index() {
    return this.element.selectedIndex;
  }

  set index(index) {
    this.element.selectedIndex = index;
  }
}
