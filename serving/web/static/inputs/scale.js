// The range and the steps of a slider.

import { plain } from "../numbers.js";

const MIN_STEPS = 100; // of a slider, except for integers

export function scale(minimum, maximum, quantiles, isInteger) {
  const low = Number(plain(quantiles[0]));
  const high = Number(plain(quantiles.at(-1)));
  const span = high - low || Math.abs(low) || 1;
  const step = isInteger ? 1 : chooseStep(low, high, span);
  return {
    low, high, step,
    // Room beyond the training range, so that the slider can leave it.
    from: align(Math.max(minimum, low - span / 2), step, Math.ceil),
    to: align(Math.min(maximum, high + span / 2), step, Math.floor),
  };
}

// As fine as the data was measured, unless that gives far too many steps.
function chooseStep(low, high, span) {
  const coarse = 10 ** Math.floor(Math.log10(span / MIN_STEPS));
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
