// The served model: version, verdict, age, metrics.

import { byId, make } from "./dom.js";
import { humanize } from "./contract.js";
import { age } from "./numbers.js";

const SHOWN_METRICS = 4;

export function showModel(model) {
  const { contract } = model;
  const version = make("p", { class: "version" }, make("strong", {}, `Version ${model.version}`));
  version.append(` ${[model.alias, humanize(contract.candidate ?? "")].filter(Boolean).join(" · ")}`);
  byId("model").replaceChildren(
    version,
    ...canary(model),
    ...verdict(model),
    make("p", { id: "age", "data-time": model.created_at }),
    ...metrics(model.metrics),
    origin(model),
  );
  showAge();
  linkMlflow(model);
}

export function showAge() {
  const element = byId("age");
  if (!element) return;
  const { time } = element.dataset;
  const moment = make("time", { datetime: time, title: time }, age(time));
  element.replaceChildren("Registered ", moment);
}

function canary({ canary: beside }) {
  if (!beside) return [];
  const share = `${Number((beside.share * 100).toFixed(1))} %`;
  const version = make("strong", {}, `version ${beside.version}`);
  return [make("p", { id: "canary", class: "hint" }, "Canary: ", version, ` answers ${share} of the requests`)];
}

function verdict({ verdict: word, reasons }) {
  if (!word && !reasons.length) return [];
  const text = make("p", {}, "Gate verdict: ", make("strong", { id: "verdict" }, word ?? "none"));
  const asText = (reason) => (typeof reason === "string" ? reason : JSON.stringify(reason));
  return [text, make("ul", { class: "reasons" }, ...reasons.map((each) => make("li", {}, asText(each))))];
}

function metrics(values) {
  const entries = Object.entries(values).filter(([, value]) => typeof value === "number");
  if (!entries.length) return [];
  // "recall.a" is a detail of "recall".
  const main = entries.filter(([name]) => !name.includes(".")).slice(0, SHOWN_METRICS);
  const rest = entries.filter((entry) => !main.includes(entry));
  const shown = [list(main, "metrics")];
  if (rest.length) {
    const more = make("summary", {}, `${rest.length} more metrics`);
    shown.push(make("details", {}, more, list(rest, "metrics")));
  }
  return shown;
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
  return make("details", {}, make("summary", {}, "Provenance"), list(entries, "origin"));
}

function linkMlflow({ name, version }) {
  const pages = document.body.dataset.mlflow;
  if (!pages) return;
  const path = `#/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
  byId("mlflow").href = `${pages.replace(/\/$/, "")}/${path}`;
}
