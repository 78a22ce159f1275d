// The prediction for one row: the class, a bar for each class, and warnings.

import { announce, byId, make, say } from "../dom.js";
import { colorOf, labelOf, wordOf } from "../contract.js";
import { percent } from "../numbers.js";

const FEW_CLASSES = 4; // more of them scroll on a phone
const NAMED_FEATURES = 3; // in one warning
const ANNOUNCE_DELAY_MS = 700; // screen readers need not hear each step of a slider

export class PredictionPanel {
  #bars = new Map();
  #timer = null;

  constructor(feedback, explanation) {
    this.feedback = feedback;
    this.explanation = explanation;
    this.answer = byId("answer");
    this.warning = byId("warning");
    this.list = byId("bars");
    // On a phone it stays visible while the fields scroll.
    new IntersectionObserver(([inputs]) => {
      byId("prediction").classList.toggle("follows", inputs.isIntersecting);
    }).observe(byId("inputs"));
  }

  build(shape) {
    const { classes, features, headers, labels, decision } = shape;
    this.labels = labels;
    this.headers = headers;
    this.feedback.build(shape);
    this.explanation.build(shape);
    say(byId("decision"), decision);
    this.numbers = new Set(features.filter(({ options }) => !options).map(({ name }) => name));
    this.#bars = new Map(classes.map((name) => [name, new Bar(describeClass(labels, name), colorOf(classes, name))]));
    this.list.replaceChildren(...[...this.#bars.values()].map((bar) => bar.element));
    // On a phone a long list scrolls, with the keyboard too.
    if (classes.length > FEW_CLASSES) this.list.tabIndex = 0;
    else this.list.removeAttribute("tabindex");
  }

  show(answer, row) {
    const { prediction, probabilities, out_of_range: outside } = answer;
    this.feedback.show(answer);
    this.explanation.ask(row, answer.model.version);
    const share = percent(probabilities[prediction]);
    const [label, ...code] = describeClass(this.labels, prediction);
    this.answer.replaceChildren(make("strong", {}, label), " ", ...code, make("span", { class: "share" }, share));
    for (const [name, bar] of this.#bars) bar.show(probabilities[name], name === prediction);
    const warning = this.#warn(outside);
    say(this.warning, warning);
    this.#announce(`${label}, ${share}. ${warning}`);
  }

  // Without a prediction for the current values there are no bars either.
  fail(text) {
    this.feedback.hide();
    this.explanation.hide();
    for (const bar of this.#bars.values()) bar.clear();
    this.answer.replaceChildren(make("span", { class: "problem" }, text));
    say(this.warning, "");
    this.#announce(text);
  }

  #warn(outside) {
    const numbers = outside.filter((name) => this.numbers.has(name));
    const others = outside.filter((name) => !this.numbers.has(name));
    const reasons = [
      numbers.length ? `outside the training range: ${list(numbers, this.headers)}` : "",
      others.length ? `not seen in training: ${list(others, this.headers)}` : "",
    ].filter(Boolean);
    return reasons.length ? `Less reliable: ${reasons.join("; ")}.` : "";
  }

  #announce(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(announce, ANNOUNCE_DELAY_MS, text);
  }
}

// The label of a class, and the class itself as a hint if it is another text.
export function describeClass(labels, name) {
  const label = labelOf(labels, name);
  return label === name ? [label] : [label, make("span", { class: "code hint" }, name)];
}

function list(names, headers) {
  const rest = names.length - NAMED_FEATURES;
  const shown = names.slice(0, NAMED_FEATURES).map((name) => wordOf(headers, name)).join(", ");
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

class Bar {
  constructor(label, color) {
    this.fill = make("span", { class: `fill ${color}` });
    this.share = make("span", { class: "share" });
    const bar = make("span", { class: "bar", "aria-hidden": "true" }, this.fill);
    this.element = make("li", {}, make("span", { class: "label" }, ...label), bar, this.share);
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
