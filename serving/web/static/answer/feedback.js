// Form for the correct class of the prediction that is shown.

import { labelOf } from "../contract.js";
import { byId, make, say } from "../dom.js";
import { ServiceError } from "../service.js";

const RETRY_MS = 1000; // a new prediction is stored within this time
const MAX_ATTEMPTS = 3;

export class FeedbackPanel {
  #id = null;
  #isOn = false;

  constructor(send) {
    this.send = send;
    this.card = byId("feedback-card");
    this.choice = byId("feedback-class");
    this.note = byId("feedback-note");
    byId("feedback").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  build({ classes, labels, feedback }) {
    this.#isOn = feedback;
    this.choice.replaceChildren(...classes.map((name) => make("option", { value: name }, labelOf(labels, name))));
    this.hide();
  }

  // The predicted class is preselected: sending it confirms the prediction.
  show({ prediction, prediction_id: id }) {
    this.#id = id;
    this.choice.value = prediction;
    say(this.note, "");
    this.card.hidden = !this.#isOn;
  }

  hide() {
    this.#id = null;
    this.card.hidden = true;
  }

  async #submit() {
    const id = this.#id;
    const report = (text) => { if (id === this.#id) say(this.note, text); };
    report("Sending …");
    try {
      await this.#send({ prediction_id: id, label: this.choice.value });
      report("Thank you. Your feedback is stored.");
    } catch (error) {
      report(`Not stored: ${describe(error)}`);
    }
  }

  async #send(item, attempts = MAX_ATTEMPTS) {
    try {
      await this.send(item);
    } catch (error) {
      const isNew = error.issues?.some(({ pointer }) => pointer === "/prediction_id");
      if (!isNew || attempts === 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      await this.#send(item, attempts - 1);
    }
  }
}

function describe(error) {
  if (!(error instanceof ServiceError)) return error.message;
  const [issue] = error.issues;
  return issue ? `the prediction ${issue.message}.` : error.message;
}
