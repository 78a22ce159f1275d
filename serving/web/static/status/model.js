// What the model is: purpose, figures of its release, limitations, origin.

import { byId, make, refresh } from "../dom.js";
import { humanize, labelOf } from "../contract.js";
import { age, count, percent } from "../numbers.js";

const SHOWN_METRICS = 4;
const SHOWN_CLASSES = 6;

export function showModel(model, shape) {
  refresh(byId("model"), model, () => [
    make(
      "div", {},
      make("p", { class: "version" }, make("strong", {}, `Version ${model.version}`), ` ${model.alias ?? ""}`),
      make("p", {}, describePurpose(model.contract, shape)),
      ...verdict(model),
      make("p", { id: "age", class: "hint", "data-time": model.created_at }),
      origin(model),
    ),
    make("div", {}, make("h3", {}, "On held-out rows"), ...metrics(model.metrics), ...heldOut(model.contract)),
    make(
      "div", {}, make("h3", {}, "Limitations"),
      make("ul", { class: "limits" }, ...limits(model.contract, shape).map((text) => make("li", {}, text))),
    ),
  ]);
  showAge();
  linkMlflow(model);
}

export function showAge() {
  const element = byId("age");
  if (!element) return;
  const { time } = element.dataset;
  const text = `Registered ${age(time)}`;
  if (element.textContent === text) return;
  element.replaceChildren("Registered ", make("time", { datetime: time, title: time }, age(time)));
}

function describePurpose({ candidate, features, target }, shape) {
  const rows = target.training_counts.reduce((sum, each) => sum + each, 0);
  const what = candidate ? `${humanize(candidate)}: predicts` : "Predicts";
  return `${what} “${shape.target}”, one of ${count(shape.classes.length, "class")}, from `
    + `${count(features.length, "input")}. Trained on ${count(rows, "row")}.`;
}

function verdict({ verdict: word, reasons }) {
  if (!word && !reasons.length) return [];
  const text = make("p", {}, "Gate verdict: ", make("strong", { id: "verdict" }, word ?? "none"));
  const asText = (reason) => (typeof reason === "string" ? reason : JSON.stringify(reason));
  return [text, make("ul", { class: "reasons" }, ...reasons.map((each) => make("li", {}, asText(each))))];
}

function metrics(values) {
  const entries = Object.entries(values).filter(([, value]) => typeof value === "number");
  if (!entries.length) return [make("p", { class: "hint" }, "The model has no metrics.")];
  // "recall.a" is a detail of "recall".
  const main = entries.filter(([name]) => !name.includes(".")).slice(0, SHOWN_METRICS);
  const rest = entries.filter((entry) => !main.includes(entry));
  const shown = [list(main, "metrics")];
  if (rest.length) {
    const more = make("summary", {}, count(rest.length, "more metric"));
    shown.push(make("details", { "data-name": "metrics" }, more, list(rest, "metrics")));
  }
  return shown;
}

function heldOut({ held_out: found }) {
  return found ? [make("p", { class: "hint" }, `${found.correct} of ${count(found.rows, "row")} correct.`)] : [];
}

function limits({ target }, { classes, labels }) {
  const counts = target.training_counts.map((number, place) => [classes[place], number]).sort((a, b) => a[1] - b[1]);
  const fewest = counts.slice(0, SHOWN_CLASSES).map(([name, number]) => `${labelOf(labels, name)} ${number.toLocaleString("en")}`);
  return [
    "It always answers with one of its classes, even for a row that belongs to none of them.",
    "Outside the range of the training data, which each input shows, it is less reliable.",
    `Rows of each class in training, fewest first: ${fewest.join(", ")}${counts.length > SHOWN_CLASSES ? " …" : ""}.`,
    "An explanation says what the model does with the inputs, not what causes the outcome.",
  ];
}

const list = (entries, name) => make("dl", { class: name }, ...entries.map(([key, value]) => make(
  "div", {}, make("dt", {}, humanize(key)),
  make("dd", {}, typeof value === "number" ? String(Number(value.toFixed(3))) : value),
)));

function origin(model) {
  const { contract } = model;
  const entries = [
    ["run", model.run_id],
    ["commit", model.tags.git_commit ?? contract.git_commit],
    ["data", contract.data_digest],
    ["model file", model.digest],
    ["loaded", model.loaded_at],
  ].filter(([, value]) => value);
  return make("details", { "data-name": "origin" }, make("summary", {}, "Provenance"), list(entries, "origin"));
}

function linkMlflow({ name, version }) {
  const pages = document.body.dataset.mlflow;
  if (!pages) return;
  const path = `#/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
  byId("mlflow").href = `${pages.replace(/\/$/, "")}/${path}`;
}
