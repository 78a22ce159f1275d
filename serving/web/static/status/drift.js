// Evidence that the inputs have drifted: a bar for each, against the threshold.

import { make } from "../dom.js";
import { titleOf } from "../contract.js";
import { count, percent } from "../numbers.js";

const SHOWN_FEATURES = 8;

export function drawDrift({ monitoring }, { headers }) {
  const { threshold, features, verdict, drift } = monitoring ?? {};
  if (!drift?.length || !threshold || verdict === "too few rows") return [];
  const rows = (part) => part.map((each) => drawRow(each, threshold, headers));
  const table = (part) => make(
    "table", { class: "drift" },
    make("caption", { class: "visually-hidden" }, "Evidence of drift by input"),
    make("thead", {}, make("tr", {}, ...["Input", "Evidence", "Change", "Verdict"].map(
      (text) => make("th", { scope: "col" }, text),
    ))),
    make("tbody", {}, ...rows(part)),
  );
  const rest = drift.slice(SHOWN_FEATURES);
  const more = rest.length
    ? [make("details", { "data-name": "drift" }, make("summary", {}, count(rest.length, "more input")), table(rest))] : [];
  const unlisted = features > drift.length ? ` Not listed: ${count(features - drift.length, "input")} with less evidence.` : "";
  return [
    make("h3", {}, "Drift of the inputs"),
    table(drift.slice(0, SHOWN_FEATURES)),
    ...more,
    make("p", { class: "hint" }, "The bar is the evidence of a change since training, on a logarithmic scale; at the line, it suffices. "
      + `The change is the share of rows that would have to move.${unlisted}`),
  ];
}

// The line is in the middle; evidence of twice the threshold, as a logarithm, fills the bar.
function drawRow({ feature, log_e: evidence = 0, effect = null, drifts = false }, threshold, headers) {
  const fill = make("span", { class: "fill" });
  fill.style.setProperty("--share", Math.min(Math.max(evidence, 0) / (2 * threshold), 1));
  const isShown = evidence >= threshold;
  const verdict = drifts ? "drifts" : isShown ? "small change" : "no drift";
  return make(
    "tr", { class: drifts ? "drifts" : "" },
    make("th", { scope: "row" }, titleOf(headers, feature), make("span", { class: "short hint" }, verdict)),
    make("td", {},
      make("span", { class: "evidence", "aria-hidden": "true" }, fill),
      make("span", { class: "visually-hidden" }, `${percent(Math.max(evidence, 0) / threshold)} of the threshold`)),
    make("td", { class: "share" }, effect === null ? "–" : percent(effect)),
    make("td", {}, make("span", { class: `verdict ${drifts ? "bad" : "good"}` }, verdict)),
  );
}
