// What the page needs to know about a model, all of it from the model's contract.

import { percent, plain } from "./numbers.js";
import { scale } from "./inputs/scale.js";

const PALETTE = 7;

export function describe(model) {
  const { features, target, held_out: heldOut } = model.contract;
  const headers = findHeaders(model.contract);
  return {
    name: model.contract.name,
    headers,
    environment: findEnvironment(model),
    features: features.map((feature) => describeFeature(feature, headers)),
    classes: target.classes,
    labels: target.labels ?? {},
    target: target.description || titleOf(headers, target.name),
    decision: describeDecision(target),
    feedback: model.feedback ?? false,
    heldOut: heldOut ? heldOut.correct / heldOut.rows : null,
    typical: typicalRows(model.contract),
  };
}

export const colorOf = (classes, name) => `color-${classes.indexOf(name) % PALETTE}`;

// The words for a class, which is a code such as "1" at times.
export const labelOf = (labels, name) => (Object.hasOwn(labels, name) ? labels[name] : name);

// The most probable class is predicted, unless the contract says otherwise.
function describeDecision({ labels = {}, positive, threshold = null, costs = null }) {
  if (threshold !== null) {
    return `Predicts ${labelOf(labels, positive)} if its probability is at least ${percent(threshold)}.`;
  }
  return costs ? "Predicts the class with the least expected cost." : "";
}

export function humanize(name) {
  const words = spoken(name).replaceAll(".", ": ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const spoken = (name) => name.replaceAll("_", " ");

// The option of Kedro's commands, as in the command that trains the version again.
const findEnvironment = ({ tags }) => tags.reproduce?.match(/ --env [\w.-]+/)?.[0] ?? "";

// A header of the training data names an input better than the name in the project, unless
// it is a name for programs, too.
function findHeaders({ source }) {
  return Object.fromEntries(Object.entries(source?.columns ?? {}).filter(([, header]) => /[^a-z0-9_]/.test(header)));
}

export const titleOf = (headers, name) => (Object.hasOwn(headers, name) ? headers[name] : humanize(name));

// A title within a sentence.
export const wordOf = (headers, name) => (Object.hasOwn(headers, name) ? headers[name] : spoken(name));

// The first version of contracts has only numbers, and no value is missing.
function describeFeature(feature, headers) {
  const { name, type = "number", nullable = false, description } = feature;
  const label = titleOf(headers, name);
  const hint = description === label ? "" : description;
  return { name, type, nullable, label, hint, ...DESCRIBE[type](feature) };
}

const DESCRIBE = {
  number: describeNumber,
  integer: describeNumber,
  boolean: ({ nullable }) => ({
    options: [option(false, "No"), option(true, "Yes"), ...missing(nullable, [])],
  }),
  category: ({ categories, nullable, unknown }) => ({
    options: [...categories.map((text) => option(text, visible(text))), ...missing(nullable, categories)],
    isOpen: unknown === "accept",
  }),
};

function describeNumber({ type, unit, minimum, maximum, training }) {
  const range = scale(minimum, maximum, training.quantiles, type === "integer");
  return { unit, minimum, maximum, ...range };
}

const option = (value, text) => ({ value, text });

// Tables often have a category that is called unknown.
function missing(nullable, categories) {
  if (!nullable) return [];
  const isTaken = categories.some((text) => text.trim().toLowerCase() === "unknown");
  return [option(null, isTaken ? "No value" : "Unknown")];
}

const visible = (text) => (text === text.trim() ? text : JSON.stringify(text));

// A contract may contain a typical row for each class; otherwise the golden row with the
// highest probability is used.
function typicalRows({ features, target, typical_rows: given = {}, golden_rows: golden }) {
  return target.classes
    .map((name, column) => ({
      name,
      values: (Object.hasOwn(given, name) ? given[name] : surest(golden, name, column))
        ?.map((value, index) => typicalValue(value, features[index])),
    }))
    .filter((row) => row.values);
}

// The median of integers may lie between two of them.
function typicalValue(value, { type }) {
  if (typeof value !== "number") return value;
  if (type === "category") return String(value);
  return Number(plain(type === "integer" ? Math.round(value) : value));
}

function surest(golden, name, column) {
  const candidates = golden.inputs
    .map((values, index) => ({ values, index }))
    .filter(({ index }) => golden.predictions[index] === name)
    .sort((a, b) => golden.probabilities[b.index][column] - golden.probabilities[a.index][column]);
  return candidates[0]?.values;
}
