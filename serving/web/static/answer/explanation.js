// Why the model gives this answer: how much each input raises or lowers the probability.

import { byId, make, say } from "../dom.js";
import { labelOf } from "../contract.js";
import { Latest } from "../latest.js";
import { percent, points } from "../numbers.js";
import { UnreachableError } from "../service.js";

const DEBOUNCE_MS = 250; // without another prediction before one is explained
const RETRY_MS = 2000; // when the service is busy
const SHOWN_INPUTS = 8; // the others are added up
const BUSY_STATUSES = [429, 503];
const TIMEOUT = "urn:problem:explanation-timeout"; // repeating the request would not help
const IGNORED_STATUSES = [404, 422]; // the version that answered is gone, or the row is invalid

export class ExplanationPanel {
  #requests;

  constructor(explain) {
    this.card = byId("explanation");
    this.body = byId("explanation-body");
    this.#requests = new Latest(DEBOUNCE_MS, async (request, signal) => {
      const { row, version } = request;
      try {
        this.#show(await explain(row, version, signal), row);
      } catch (error) {
        if (error.name === "AbortError") throw error;
        this.#fail(error, request);
      }
    });
  }

  build({ features, labels }) {
    this.features = new Map(features.map((feature) => [feature.name, feature]));
    this.labels = labels;
    this.hide();
  }

  // The last explanation stays, dimmed, until the next one replaces it.
  ask(row, version) {
    this.body.setAttribute("aria-busy", "true");
    this.#requests.cancel(); // an earlier row must not be shown below this prediction
    this.#requests.ask({ row, version });
  }

  hide() {
    this.#requests.cancel();
    this.card.hidden = true;
  }

  #show(answer, row) {
    const { prediction: name } = answer;
    const label = labelOf(this.labels, name);
    say(byId("explanation-lead"), `The average probability of ${label} is ${percent(answer.baseline[name])}. `
      + `The values of this row change it to ${percent(answer.probabilities[name])}:`);
    this.body.replaceChildren(this.#draw(answer, row, name), make("p", { class: "hint" }, describeMethod(answer)));
    this.#reveal();
  }

  #draw({ contributions, standard_errors: errors }, row, name) {
    const rows = rank(Object.keys(contributions).map((feature) => ({
      label: this.features.get(feature)?.label ?? feature,
      value: this.#describeValue(feature, row[feature]),
      change: contributions[feature][name],
      error: errors?.[feature][name] ?? null,
    })));
    const changes = rows.map(({ change }) => change);
    const [lowest, highest] = [Math.min(0, ...changes), Math.max(1e-9, ...changes)];
    const head = make("tr", {}, ...["Input", "Effect", "Points"].map((text) => make("th", { scope: "col" }, text)));
    const table = make(
      "table", { class: "effects" },
      make("caption", { class: "visually-hidden" }, "Effect of each input, in percentage points"),
      make("thead", { class: "visually-hidden" }, head),
      make("tbody", {}, ...rows.map((each) => drawRow(each, highest - lowest))),
    );
    table.style.setProperty("--zero", -lowest / (highest - lowest));
    return table;
  }

  #describeValue(name, value) {
    const feature = this.features.get(name);
    if (feature?.options) return feature.options.find((option) => option.value === value)?.text ?? String(value);
    return value === null ? "unknown" : `${value} ${feature?.unit ?? ""}`.trim();
  }

  #fail(error, request) {
    if (error instanceof UnreachableError || IGNORED_STATUSES.includes(error.status)) {
      this.hide();
      return;
    }
    if (!error.status) throw error;
    const isBusy = BUSY_STATUSES.includes(error.status) && error.type !== TIMEOUT;
    say(byId("explanation-lead"), isBusy ? "The service is busy. Trying again …" : error.message);
    this.body.replaceChildren();
    this.#reveal();
    if (isBusy) this.#requests.ask(request, RETRY_MS);
  }

  #reveal() {
    this.body.setAttribute("aria-busy", "false");
    this.card.hidden = false;
  }
}

// The largest effects first; many small ones become one row.
function rank(rows) {
  const ranked = rows.sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
  const rest = ranked.slice(SHOWN_INPUTS);
  if (rest.length < 2) return ranked;
  const change = rest.reduce((sum, each) => sum + each.change, 0);
  return [...ranked.slice(0, SHOWN_INPUTS), { label: `${rest.length} others`, value: "", change, error: null }];
}

function drawRow({ label, value, change, error }, range) {
  const fill = make("span", { class: `effect ${change < 0 ? "lowers" : "raises"}` });
  fill.style.setProperty("--share", Math.abs(change) / range);
  const number = make("td", { class: "share" }, points(change));
  if (error !== null) number.append(make("span", { class: "hint" }, ` ± ${(100 * error).toFixed(1)}`));
  return make(
    "tr", {},
    make("th", { scope: "row" }, label, " ", make("span", { class: "hint" }, value)),
    make("td", { class: "axis", "aria-hidden": "true" }, fill),
    number,
  );
}

function describeMethod({ method, background_rows: rows }) {
  const what = `Percentage points, compared with ${rows} rows of the training data`;
  return method === "exact"
    ? `${what} (exact Shapley values).`
    : `${what} (Shapley values, estimated by sampling; ± is the standard error).`;
}
