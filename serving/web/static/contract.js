// What the page needs to know about a model, all of it from the model's contract.

import { plain } from "./numbers.js";

const STEPS = 100; // a slider has at least as many
const PALETTE = 7;

export function describe(model) {
  const { features, target } = model.contract;
  return {
    features: features.map(describeFeature),
    classes: target.classes,
    target: target.description || humanize(target.name),
    typical: typicalRows(model.contract),
  };
}

export const colorOf = (classes, label) => `color-${classes.indexOf(label) % PALETTE}`;

export function humanize(name) {
  const words = name.replaceAll("_", " ").replaceAll(".", ": ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function describeFeature(feature) {
  const { name, unit, minimum, maximum, training } = feature;
  const low = Number(plain(training.quantiles[0]));
  const high = Number(plain(training.quantiles.at(-1)));
  const span = high - low || Math.abs(low) || 1;
  const step = chooseStep(low, high, span);
  return {
    name, label: humanize(name), unit, minimum, maximum, low, high, step,
    hint: feature.description === humanize(name) ? "" : feature.description,
    // Room beyond the training range, so that the slider can leave it.
    from: align(Math.max(minimum, low - span / 2), step, Math.ceil),
    to: align(Math.min(maximum, high + span / 2), step, Math.floor),
  };
}

// As fine as the data was measured, unless that gives far too many steps.
function chooseStep(low, high, span) {
  const coarse = 10 ** Math.floor(Math.log10(span / STEPS));
  const measured = [0, 1, 2, 3, 4, 5, 6]
    .map((decimals) => 10 ** -decimals)
    .find((size) => [low, high].every((value) => isMultiple(value, size)));
  return Number(plain(Math.max(coarse, measured ?? 0)));
}

function isMultiple(value, size) {
  const times = value / size;
  return Math.abs(times - Math.round(times)) < 1e-6;
}

// 0.3 / 0.1 is 2.9999999999999996: a value that is a multiple already must not change.
function align(value, step, round) {
  const whole = isMultiple(value, step) ? Math.round(value / step) : round(value / step);
  return Number(plain(whole * step));
}

// A contract may contain a typical row for each class; otherwise the golden row with the
// highest probability is used.
function typicalRows(contract) {
  const given = contract.typical_rows ?? {};
  return contract.target.classes
    .map((label, column) => ({
      label,
      values: (Object.hasOwn(given, label) ? given[label] : surest(contract.golden_rows, label, column))
        ?.map((value) => Number(plain(value))),
    }))
    .filter((row) => row.values);
}

function surest(golden, label, column) {
  const candidates = golden.inputs
    .map((values, index) => ({ values, index }))
    .filter(({ index }) => golden.predictions[index] === label)
    .sort((a, b) => golden.probabilities[b.index][column] - golden.probabilities[a.index][column]);
  return candidates[0]?.values;
}
