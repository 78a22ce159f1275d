// The main figures: accuracy, traffic, values out of range, and drift.

import { make } from "../dom.js";
import { colorOf, labelOf, wordOf } from "../contract.js";
import { age, count, percent } from "../numbers.js";

const SHOWN_NAMES = 5; // of classes or features

export function drawTiles(status, shape) {
  return [accuracy(status, shape), traffic(status, shape), range(status, shape), monitoring(status, shape)];
}

function tile(title, figure, ...details) {
  const value = figure ? make("p", { class: "figure" }, figure) : make("p", { class: "figure hint", "aria-hidden": "true" }, "–");
  return make("article", { class: "tile" }, make("h3", {}, title), value, ...details);
}

const code = (text) => make("code", {}, text);
const note = (...texts) => make("p", { class: "hint" }, ...texts);

function accuracy({ feedback, since }, { heldOut }) {
  const title = "Live accuracy";
  if (!feedback.enabled) return tile(title, "Off", note(`Feedback is off: ${feedback.reason}`));
  if (!feedback.labels) {
    return tile(title, "", note(
      "No labels yet. Send the correct class of a prediction above, or use ", code("POST /feedback"), ".",
    ));
  }
  const held = heldOut ? ` The line marks the held-out rows: ${percent(heldOut)}.` : "";
  return tile(
    title, percent(feedback.accuracy), interval(feedback, heldOut),
    note(`${feedback.correct} of ${count(feedback.labels, "row")} correct by their first label`
      + `${since ? ` since the service started ${age(since)}` : ""}; `
      + `95 % interval: ${percent(feedback.low)} to ${percent(feedback.high)}.${held}`),
  );
}

function interval({ low, high, accuracy: value }, heldOut) {
  const bar = make("span", { class: "interval", "aria-hidden": "true" }, make("span", { class: "span" }), make("span", { class: "value" }));
  for (const [name, each] of Object.entries({ low, high, value })) bar.style.setProperty(`--${name}`, each);
  if (heldOut) {
    bar.append(make("span", { class: "mark" }));
    bar.style.setProperty("--mark", heldOut);
  }
  return bar;
}

function traffic({ traffic: { rows, classes }, since }, { classes: names, labels }) {
  const start = since ? ` since the service started ${age(since)}` : "";
  if (!rows) return tile("Predictions", "0", note(`None${start}.`));
  const shares = names.map((name) => [name, classes[name] / rows]).filter(([, share]) => share);
  const bar = make("span", { class: "stack", "aria-hidden": "true" }, ...shares.map(([name, share]) => {
    const part = make("span", { class: colorOf(names, name) });
    part.style.setProperty("--share", share);
    return part;
  }));
  const main = shares.sort((a, b) => b[1] - a[1]).slice(0, SHOWN_NAMES);
  const legend = make("ul", { class: "legend" }, ...main.map(([name, share]) => make(
    "li", {}, make("span", { class: `dot ${colorOf(names, name)}`, "aria-hidden": "true" }),
    `${labelOf(labels, name)} ${percent(share)}`,
  )));
  return tile("Predictions", rows.toLocaleString("en"), bar, legend, note(`This version${start && `,${start}`}.`));
}

function range({ traffic: { rows, out_of_range_rows: outside, out_of_range: values } }, { headers }) {
  const title = "Out of range";
  if (!rows) return tile(title, "", note("No predictions yet."));
  const names = Object.entries(values).sort((a, b) => b[1] - a[1]).slice(0, SHOWN_NAMES);
  const listed = names.map(([name, number]) => `${wordOf(headers, name)} (${number.toLocaleString("en")})`).join(", ");
  const most = listed ? ` Most often: ${listed}.` : "";
  return tile(title, percent(outside / rows), note(
    `${outside.toLocaleString("en")} of ${count(rows, "row")} had a value that training did not see.${most}`,
  ));
}

function monitoring({ monitoring: report, model }, { environment }) {
  const title = "Monitoring verdict";
  if (!report) return tile(title, "", note(
      "Not checked yet. Run ", code(`kedro run --pipelines monitoring${environment}`), " or ", code(`kedro watch${environment}`), ".",
    ));
  const kind = { quiet: "good", "too few rows": "open" }[report.verdict] ?? "bad";
  const verdict = report.verdict && make("span", { class: `verdict ${kind}` }, report.verdict);
  const rows = typeof report.rows === "number" ? count(report.rows, "prediction") : "Predictions";
  const version = (report.version ?? model.version) === model.version ? "" : ` of version ${report.version}`;
  const when = report.as_of ? `, as of ${age(report.as_of)}` : "";
  const [reason = "", ...rest] = report.reasons ?? [];
  const more = rest.length
    ? [make("details", { "data-name": "verdict" }, make("summary", {}, count(rest.length, "more finding")),
      make("ul", { class: "reasons" }, ...rest.map((each) => make("li", {}, each))))]
    : [];
  return tile(title, verdict, make("p", { class: "hint reason" }, reason), ...more, note(`${rows}${version}${when}.`));
}
