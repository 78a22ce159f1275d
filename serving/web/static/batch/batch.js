// Predictions for a CSV file: a table of the first rows, and a download of all.

import { announce, byId, make } from "../dom.js";
import { colorOf, labelOf, titleOf } from "../contract.js";
import { bytes, count, percent } from "../numbers.js";
import { write } from "./csv.js";
import { split } from "../pointers.js";
import { describeClass } from "../answer/prediction.js";
import { readTable } from "./upload.js";

const SHOWN_ROWS = 100;
const SHOWN_ISSUES = 20;

export class BatchPanel {
  #link = null;
  #latest = 0;
  #markBuilt;
  #built = new Promise((resolve) => { this.#markBuilt = resolve; });

  constructor(predict, maxBytes) {
    this.predict = predict;
    this.maxBytes = maxBytes;
    this.output = byId("batch");
    this.example = byId("example-file");
    const drop = byId("drop");
    const file = byId("file");
    file.addEventListener("change", () => { this.#take(file.files[0]); file.value = ""; });
    for (const name of ["dragover", "dragleave", "drop"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", name === "dragover");
      });
    }
    drop.addEventListener("drop", (event) => this.#take(event.dataTransfer.files[0]));
    // A file dropped elsewhere must not replace the page.
    for (const name of ["dragover", "drop"]) {
      window.addEventListener(name, (event) => event.preventDefault());
    }
  }

  build({ name, features, headers, typical, labels }) {
    this.headers = headers;
    this.features = features;
    this.labels = labels;
    const names = features.map((feature) => feature.name);
    this.#markBuilt();
    byId("file-note").textContent = `Columns: ${names.join(", ")}. Up to ${bytes(this.maxBytes)}.`;
    const rows = typical.map(({ values }) => values.map((value) => value ?? ""));
    if (this.example.href) URL.revokeObjectURL(this.example.href);
    this.example.href = linkTo([names, ...rows]);
    this.example.download = `${name}-example.csv`;
  }

  async #take(file) {
    if (!file) return;
    this.#latest += 1;
    const turn = this.#latest;
    this.#show(make("p", {}, `Predicting ${file.name} …`));
    const shown = await this.#work(file);
    if (turn !== this.#latest) return;
    this.#show(...shown);
    announce(shown[0].textContent);
  }

  async #work(file) {
    try {
      await this.#built; // a file may be chosen before the model is known
      const table = await readTable(file, this.features, this.maxBytes);
      const answer = await this.predict(write([table.header, ...table.rows]));
      return this.#result(file, table, answer);
    } catch (error) {
      return explain(file, error);
    }
  }

  #result(file, table, answer) {
    const { predictions, classes, model } = answer;
    const counts = classes.map((name) => {
      const number = predictions.filter((each) => each === name).length;
      return `${labelOf(this.labels, name)} ${number.toLocaleString("en")}`;
    });
    const summary = make("p", { id: "batch-summary" });
    summary.textContent = `${file.name}: ${count(predictions.length, "row")}, predicted by version `
      + `${model.version}. ${counts.join(", ")}.`;
    const parts = [summary];
    if (table.ignored.length) {
      parts.push(make("p", { class: "hint" }, `Ignored columns: ${table.ignored.join(", ")}.`));
    }
    parts.push(this.#download(file, table, answer), this.#table(table, answer));
    if (predictions.length > SHOWN_ROWS) {
      const text = `Showing the first ${SHOWN_ROWS} rows; the download contains all ${predictions.length.toLocaleString("en")}.`;
      parts.push(make("p", { class: "hint" }, text));
    }
    return parts;
  }

  #download(file, { all }, { predictions, probabilities, classes }) {
    const hasLabels = Object.keys(this.labels).length > 0;
    const describe = (name) => (hasLabels ? [name, labelOf(this.labels, name)] : [name]);
    const header = [
      ...all[0], "prediction", ...(hasLabels ? ["label"] : []), ...classes.map((name) => `probability_${name}`),
    ];
    const rows = predictions.map(
      (name, index) => [...all[index + 1], ...describe(name), ...probabilities[index]],
    );
    if (this.#link) URL.revokeObjectURL(this.#link);
    this.#link = linkTo([header, ...rows]);
    const name = `${file.name.replace(/\.csv$/i, "")}-predictions.csv`;
    return make("a", { class: "button strong", href: this.#link, download: name }, "Download predictions");
  }

  #table({ header, rows }, { predictions, probabilities, classes }) {
    const head = ["Row", "Prediction", "Probability", ...header.map((name) => titleOf(this.headers, name))];
    const cells = (row, index) => {
      const name = predictions[index];
      const dot = make("span", { class: `dot ${colorOf(classes, name)}`, "aria-hidden": "true" });
      return make(
        "tr", {},
        make("th", { scope: "row" }, String(index + 1)),
        make("td", {}, dot, ...describeClass(this.labels, name)),
        make("td", {}, percent(probabilities[index][classes.indexOf(name)])),
        ...row.map((cell) => make("td", {}, cell)),
      );
    };
    const table = make(
      "table", {},
      make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rows.slice(0, SHOWN_ROWS).map(cells)),
    );
    const place = { class: "scroll", role: "region", tabindex: "0", "aria-label": "Predictions" };
    return make("div", place, table);
  }

  #show(...children) {
    this.output.replaceChildren(...children);
  }
}

const linkTo = (rows) => URL.createObjectURL(new Blob([write(rows)], { type: "text/csv" }));

function explain(file, error) {
  const issues = error.issues ?? [];
  const head = make("p", { class: "problem" }, `Cannot predict ${file.name}. ${error.message}`);
  const shown = issues.slice(0, SHOWN_ISSUES);
  const items = shown.map(({ pointer, message }) => make("li", {}, `${place(pointer)} ${message}`.trim()));
  const rest = Math.max(error.total ?? 0, issues.length) - shown.length;
  const number = rest === Infinity ? "" : `${rest.toLocaleString("en")} `;
  if (rest > 0) items.push(make("li", {}, `and ${number}more`));
  return items.length ? [head, make("ul", { class: "issues" }, ...items)] : [head];
}

// "/3/age" is the third row after the header.
function place(pointer) {
  const [row, name] = split(pointer);
  if (row === undefined) return "";
  const where = row === "0" ? "Header" : `Row ${row}`;
  return name && row !== "0" ? `${where}, ${name}:` : `${where}:`;
}
