// The prediction for one row: the class, a bar for each class, and warnings.

import { announce, byId, make, say } from "./dom.js";
import { colorOf } from "./contract.js";
import { percent } from "./numbers.js";

const FEW = 4; // classes
const QUIET = 700; // ms without a change before it is announced to screen readers

export class PredictionPanel {
  #bars = new Map();
  #timer = null;

  constructor() {
    this.answer = byId("answer");
    this.warning = byId("warning");
    this.list = byId("bars");
    // On a phone it stays visible while the fields scroll, if there is room for both.
    new IntersectionObserver(([inputs]) => {
      byId("prediction").classList.toggle("follows", this.isShort && inputs.isIntersecting);
    }).observe(byId("inputs"));
  }

  build({ classes, features }) {
    this.labels = new Map(features.map(({ name, label }) => [name, label.toLowerCase()]));
    this.#bars = new Map(classes.map((label) => [label, new Bar(label, colorOf(classes, label))]));
    this.isShort = classes.length <= FEW;
    this.list.replaceChildren(...[...this.#bars.values()].map((bar) => bar.element));
  }

  show({ prediction, probabilities, out_of_range: outside }) {
    const share = make("span", { class: "share" }, percent(probabilities[prediction]));
    this.answer.replaceChildren(make("strong", {}, prediction), " ", share);
    for (const [label, bar] of this.#bars) bar.show(probabilities[label], label === prediction);
    const names = outside.map((name) => this.labels.get(name) ?? name);
    const warning = names.length
      ? `Less reliable, as outside the training range: ${names.join(", ")}.`
      : "";
    say(this.warning, warning);
    this.#announce(`${prediction}, ${percent(probabilities[prediction])}. ${warning}`);
  }

  // Without a prediction for the current values there are no bars either.
  fail(text) {
    for (const bar of this.#bars.values()) bar.clear();
    this.answer.replaceChildren(make("span", { class: "problem" }, text));
    say(this.warning, "");
    this.#announce(text);
  }

  #announce(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(announce, QUIET, text);
  }
}

class Bar {
  constructor(label, color) {
    this.fill = make("span", { class: `fill ${color}` });
    this.share = make("span", { class: "share" });
    const bar = make("span", { class: "bar", "aria-hidden": "true" }, this.fill);
    this.element = make("li", {}, make("span", { class: "label" }, label), bar, this.share);
  }

  clear() {
    this.show(0, false);
    this.share.textContent = "–";
  }

  show(probability, isChosen) {
    this.fill.style.setProperty("--share", probability);
    this.share.textContent = percent(probability);
    this.element.classList.toggle("chosen", isChosen);
  }
}
