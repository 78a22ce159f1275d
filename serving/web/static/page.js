// Connects the parts of the page: when the model or a field changes, it predicts again.

import { BatchPanel } from "./batch/batch.js";
import { byId, say } from "./dom.js";
import { describe, wordOf } from "./contract.js";
import { ExplanationPanel } from "./answer/explanation.js";
import { FeedbackPanel } from "./answer/feedback.js";
import { Form } from "./inputs/form.js";
import { KeyPanel } from "./key.js";
import { Latest } from "./latest.js";
import { showAge, showModel } from "./status/model.js";
import { StatusPanel } from "./status/status.js";
import { PicturePanel } from "./inputs/picture.js";
import { split } from "./pointers.js";
import { PredictionPanel } from "./answer/prediction.js";
import { Service, ServiceError, UnreachableError } from "./service.js";

const POLL_MS = 2000; // for the model
const DEBOUNCE_MS = 60; // between predictions while a slider moves
const RETRY_MS = 500; // when workers disagree or are busy
const CHANGE_NOTICE_MS = 8000; // how long a change of the model is shown

class Page {
  #service = new Service();
  #model = null;
  #shape = "";
  #headers = {};
  #isAway = false;
  #noticeTimer = null;
  #pollTimer = null;

  constructor() {
    const { protected: isProtected, maxBytes } = document.body.dataset;
    this.isProtected = isProtected === "yes";
    this.form = new Form(() => this.#change());
    const feedback = new FeedbackPanel((item) => this.#sendFeedback(item));
    const explanation = new ExplanationPanel((...request) => this.#service.explain(...request));
    this.prediction = new PredictionPanel(feedback, explanation);
    this.status = new StatusPanel(() => this.#service.status());
    this.picture = new PicturePanel();
    this.key = new KeyPanel((key) => this.#useKey(key));
    this.batch = new BatchPanel((csv) => this.#predictCsv(csv), Number(maxBytes));
    this.predictions = new Latest(DEBOUNCE_MS, (row, signal) => this.#predict(row, signal));
    this.#service.key = this.key.stored;
    document.addEventListener("visibilitychange", () => document.hidden || this.#pollAfter(0));
    this.#pollAfter(0);
  }

  #pollAfter(pause) {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = setTimeout(() => this.#poll(), pause);
  }

  async #poll() {
    try {
      const model = await this.#service.model();
      if (model) this.#show(model);
      this.#recover();
    } catch (error) {
      this.#showProblem(error);
    }
    showAge();
    // A hidden page sends no requests.
    if (!document.hidden) this.#pollAfter(POLL_MS);
  }

  #show(model) {
    const before = this.#model;
    this.#model = model;
    const shape = describe(model);
    if (JSON.stringify(shape) !== this.#shape) {
      this.#shape = JSON.stringify(shape);
      this.#headers = shape.headers;
      byId("name").textContent = model.name;
      byId("title").textContent = shape.target;
      document.title = `${model.name} · ${shape.target}`;
      for (const part of [this.form, this.prediction, this.batch, this.picture]) part.build(shape);
    }
    byId("main").hidden = false;
    showModel(model, shape);
    this.status.show(shape);
    if (before && before.version !== model.version) {
      this.#showChange(`${model.alias || "The model"} has changed from version ${before.version} to version ${model.version}.`);
    }
    this.#change();
  }

  // Called when a field or the model has changed.
  #change() {
    const row = this.form.row();
    this.picture.show(row);
    const missing = this.form.findMissing();
    if (missing.length) {
      this.predictions.cancel();
      this.#refuse(missing);
    } else if (this.isProtected && !this.#service.key) {
      this.key.ask(false);
      this.prediction.fail("Predictions require an API key.");
    } else {
      this.predictions.ask(row);
    }
  }

  async #predict(row, signal) {
    try {
      const answer = await this.#service.predict(row, signal);
      this.form.show([], answer.out_of_range);
      this.prediction.show(answer, row);
      this.key.close();
      const { version, canary } = this.#model;
      if (![version, canary?.version].includes(answer.model.version)) this.#pollAfter(RETRY_MS);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      this.#explain(error);
    }
  }

  #explain(error) {
    if (error instanceof UnreachableError) this.#showProblem(error);
    else if (error.status === 422 && error.issues.length) this.#refuse(error.issues);
    else if (error.status === 401) this.#askForKey();
    else {
      this.prediction.fail(describeError(error));
      if (error.status === 429) this.predictions.ask(this.form.row(), RETRY_MS);
      if (error.status === 503) this.#pollAfter(0);
    }
  }

  #refuse(issues) {
    this.form.show(issues, []);
    const [first] = issues;
    const [name] = split(first.pointer).map((step) => wordOf(this.#headers, step));
    const more = issues.length > 1 ? `, and ${issues.length - 1} more` : "";
    this.prediction.fail(`No prediction: ${name} ${first.message}${more}.`);
  }

  #askForKey() {
    const hadKey = Boolean(this.#service.key);
    this.#service.key = "";
    this.isProtected = true;
    this.prediction.fail("Predictions require an API key.");
    this.key.ask(hadKey);
  }

  #useKey(key) {
    this.#service.key = key;
    this.status.ask();
    this.#change();
  }

  async #sendFeedback(item) {
    await this.#service.feedback(item);
    this.status.ask();
  }

  async #predictCsv(csv) {
    try {
      return await this.#service.predictCsv(csv);
    } catch (error) {
      if (error.status === 401) this.#askForKey();
      throw error;
    }
  }

  // No service or no model: the page says why and asks again.
  #showProblem(error) {
    this.#isAway = true;
    this.#service.forget();
    clearTimeout(this.#noticeTimer);
    say(byId("notice"), describeError(error));
    byId("notice").dataset.kind = "problem";
    if (this.#model) this.prediction.fail("No prediction at the moment.");
  }

  #recover() {
    if (!this.#isAway) return;
    this.#isAway = false;
    if (byId("notice").dataset.kind === "problem") say(byId("notice"), "");
    this.#change();
  }

  #showChange(text) {
    clearTimeout(this.#noticeTimer);
    say(byId("notice"), text);
    byId("notice").dataset.kind = "news";
    this.#noticeTimer = setTimeout(() => say(byId("notice"), ""), CHANGE_NOTICE_MS);
  }
}

function describeError(error) {
  if (error instanceof ServiceError && error.status >= 500 && error.status !== 503 && error.requestId) {
    return `${error.message} (request ${error.requestId})`;
  }
  return error.message;
}

new Page();
