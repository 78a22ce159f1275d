// The canary: its share of the requests, and the evidence for and against it.

import { make } from "../dom.js";
import { age, count, percent } from "../numbers.js";

export function drawCanary({ canary, model }, { environment }) {
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
    make("p", { class: "hint" }, evidence?.action
      ? describeDecision(evidence) : `No evidence yet: kedro watch${environment} compares both models on the same rows.`),
  ];
}

function describeDecision({ action, at, reason }) {
  const decision = action === "wait" ? "Waiting" : `Decision: ${action}`;
  return `${decision}${at ? `, ${age(at)}` : ""}${reason ? `: ${reason}` : ""}`;
}

function list(evidence) {
  const { figures = {}, threshold } = evidence ?? {};
  if (!figures.labelled) return [];
  const strength = (value) => (value > 1
    ? `${percent(Math.log(value) / Math.log(threshold))} of what is needed, on a logarithmic scale` : "none");
  const isKnown = (...values) => values.every((value) => typeof value === "number");
  return [
    isKnown(figures.accuracy, figures.other_accuracy)
      && ["Accuracy", `${percent(figures.accuracy)}, Production ${percent(figures.other_accuracy)} (${count(figures.labelled, "label")})`],
    isKnown(figures.e_worse, threshold) && ["Evidence that it is worse", strength(figures.e_worse)],
    isKnown(figures.e_not_worse, threshold) && ["Evidence that it is not worse", strength(figures.e_not_worse)],
  ];
}
