// The canary: its share of the requests, and the evidence for and against it.

import { make } from "../dom.js";
import { age, count, percent } from "../numbers.js";

export function drawCanary({ canary, model }) {
  if (!canary) return [];
  const { version, share, rows, agreed, evidence } = canary;
  const fill = make("span", { class: "fill color-1" });
  fill.style.setProperty("--share", share);
  const facts = [
    rows && ["Agreement", `${percent(agreed / rows)} of ${count(rows, "row")}`],
    ...list(evidence),
  ].filter(Boolean);
  return [
    make("h3", {}, `Canary: version ${version} beside version ${model.version}`),
    make("p", { id: "canary-share" }, make("strong", {}, `version ${version}`), ` answers ${Number((share * 100).toFixed(1))} % of the requests`),
    make("span", { class: "bar", "aria-hidden": "true" }, fill),
    facts.length ? make("dl", { class: "facts" }, ...facts.map(([name, value]) => make(
      "div", {}, make("dt", {}, name), make("dd", {}, value),
    ))) : "",
    make("p", { class: "hint" }, evidence
      ? `${evidence.action === "wait" ? "Waiting" : `Decision: ${evidence.action}`}, ${age(evidence.at)}: ${evidence.reason}`
      : "No evidence yet: kedro watch compares both models on the same rows."),
  ];
}

function list(evidence) {
  if (!evidence?.figures.labelled) return [];
  const { figures, threshold } = evidence;
  const strength = (value) => (value > 1
    ? `${percent(Math.log(value) / Math.log(threshold))} of what is needed, on a logarithmic scale` : "none");
  return [
    ["Accuracy", `${percent(figures.accuracy)}, Production ${percent(figures.other_accuracy)} (${count(figures.labelled, "label")})`],
    ["Evidence that it is worse", strength(figures.e_worse)],
    ["Evidence that it is not worse", strength(figures.e_not_worse)],
  ];
}
