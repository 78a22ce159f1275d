// Predictions for a CSV file: a table of the first rows, and a download of all.

import { announce, byId, make } from "./dom.js";
import { colorOf, humanize } from "./contract.js";
import { bytes, count, percent } from "./numbers.js";
import { parse, standardize, write } from "./csv.js";

const SHOWN_ROWS = 100;
const SHOWN_FAULTS = 20;

class FileError extends Error {
  constructor(message, faults = []) {
    super(message);
    this.faults = faults;
  }
}

export class BatchPanel {
  #link = null;
  #latest = 0;
  #tellBuilt;
  #built = new Promise((resolve) => { this.#tellBuilt = resolve; });

  constructor(predict, maxBytes) {
    this.predict = predict;
    this.maxBytes = maxBytes;
    this.output = byId("batch");
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

  build({ features, classes }) {
    this.features = features;
    this.classes = classes;
    const names = features.map(({ name }) => name).join(", ");
    this.#tellBuilt();
    byId("file-note").textContent = `Columns: ${names}. Up to ${bytes(this.maxBytes)}.`;
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
      const table = arrange(parse(await readText(file, this.maxBytes)), this.features);
      const answer = await this.predict(write([table.header, ...table.rows]));
      return this.#result(file, table, answer);
    } catch (error) {
      return explain(file, error);
    }
  }

  #result(file, table, answer) {
    const { predictions, classes, model } = answer;
    const counts = classes.map((label) => [label, predictions.filter((each) => each === label).length]);
    const summary = make("p", { id: "batch-summary" });
    summary.textContent = `${file.name}: ${count(predictions.length, "row")}, predicted by version `
      + `${model.version}. ${counts.map(([label, number]) => `${label} ${number.toLocaleString("en")}`).join(", ")}.`;
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
    const header = [...all[0], "prediction", ...classes.map((label) => `probability_${label}`)];
    const rows = predictions.map((label, index) => [...all[index + 1], label, ...probabilities[index]]);
    const url = URL.createObjectURL(new Blob([write([header, ...rows])], { type: "text/csv" }));
    if (this.#link) URL.revokeObjectURL(this.#link);
    this.#link = url;
    const name = `${file.name.replace(/\.csv$/i, "")}-predictions.csv`;
    return make("a", { class: "button strong", href: url, download: name }, "Download predictions");
  }

  #table({ header, rows }, { predictions, probabilities, classes }) {
    const head = ["Row", "Prediction", "Probability", ...header.map(humanize)];
    const cells = (row, index) => {
      const label = predictions[index];
      const dot = make("span", { class: `dot ${colorOf(classes, label)}`, "aria-hidden": "true" });
      return make(
        "tr", {},
        make("th", { scope: "row" }, String(index + 1)),
        make("td", {}, dot, label),
        make("td", {}, percent(probabilities[index][classes.indexOf(label)])),
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

async function readText(file, maxBytes) {
  if (file.size > maxBytes) {
    throw new FileError(`It is ${bytes(file.size)}; the limit is ${bytes(maxBytes)}.`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch (error) {
    throw new FileError(error.name === "TypeError" ? "It is not valid UTF-8." : "It cannot be read.");
  }
}

// Keeps the columns that the model needs, under its names; the download has them all.
function arrange(all, features) {
  if (all.length < 2) throw new FileError("It needs a header and at least one row.");
  const ragged = all.flatMap((row, index) => (row.length === all[0].length ? [] : [{
    pointer: `/${index}`, message: `must have ${all[0].length} cells, not ${row.length}`,
  }]));
  if (ragged.length) throw new FileError("Its rows differ in length.", ragged);
  const known = new Set(features.map(({ name }) => name));
  const names = all[0].map((name) => (known.has(name.trim()) ? name.trim() : standardize(name)));
  const kept = names.flatMap((name, index) => (known.has(name) ? [index] : []));
  if (!kept.length) {
    throw new FileError(`Its header contains none of ${[...known].join(", ")}.`);
  }
  return {
    all,
    header: kept.map((index) => names[index]),
    rows: all.slice(1).map((row) => kept.map((index) => row[index])),
    ignored: all[0].filter((_, index) => !kept.includes(index)),
  };
}

function explain(file, error) {
  const faults = error.faults ?? [];
  const head = make("p", { class: "problem" }, `Cannot predict ${file.name}. ${error.message}`);
  const shown = faults.slice(0, SHOWN_FAULTS);
  const items = shown.map(({ pointer, message }) => make("li", {}, `${place(pointer)} ${message}`.trim()));
  const rest = Math.max(error.total ?? 0, faults.length) - shown.length;
  const number = rest === Infinity ? "" : `${rest.toLocaleString("en")} `;
  if (rest > 0) items.push(make("li", {}, `and ${number}more`));
  return items.length ? [head, make("ul", { class: "faults" }, ...items)] : [head];
}

// "/3/sepal_width" is the third row after the header.
function place(pointer) {
  const [, row, name] = pointer.split("/");
  if (row === undefined) return "";
  const where = row === "0" ? "Header" : `Row ${row}`;
  return name && row !== "0" ? `${where}, ${name}:` : `${where}:`;
}
