// The versions on a time line, newest first, with verdicts and what happened to them.

import { make } from "../dom.js";
import { humanize } from "../contract.js";
import { age, count, percent } from "../numbers.js";

const SHOWN_VERSIONS = 5;
const ACTIONS = {
  release: "Released to Production",
  promote: "Promoted to Production",
  rollback: "Restored to Production by a rollback",
  "canary start": "Started as the canary",
  "canary share": "Share of the canary changed",
  "canary stop": "Stopped as the canary",
  "guard end": "No longer guarded",
  resume: "Hold ended",
};

export function drawVersions({ versions, events, model }) {
  if (!versions) {
    return [make("p", { class: "hint" }, "This service does not follow a registry, so it knows its own version only.")];
  }
  // The end of a hold names no version.
  const about = ({ to, version }) => to ?? version ?? model.version;
  const items = versions.map((each) => drawVersion(
    each, events.filter((event) => about(event) === each.version), each.version === model.version,
  ));
  const rest = items.slice(SHOWN_VERSIONS);
  const more = rest.length
    ? [make("details", { "data-name": "versions" }, make("summary", {}, count(rest.length, "earlier version")),
      make("ol", { class: "timeline" }, ...rest))] : [];
  return [make("ol", { class: "timeline" }, ...items.slice(0, SHOWN_VERSIONS)), ...more];
}

function drawVersion(described, events, isServing) {
  const { version, created_at: time, aliases, candidate, verdict, reasons, note, metrics } = described;
  const facts = [
    candidate && humanize(candidate),
    "accuracy" in metrics && `accuracy ${percent(metrics.accuracy)}`,
    "log_loss" in metrics && `log loss ${metrics.log_loss.toFixed(3)}`,
  ].filter(Boolean);
  return make(
    "li", { class: isServing ? "serving" : "" },
    make("h3", {}, `Version ${version}`, ...aliases.flatMap((alias) => [" ", make("span", { class: "badge" }, alias)])),
    make("p", { class: "hint" }, [`Registered ${age(time)}`, ...facts].join(" · ")),
    verdict ? make("p", {}, "Gate: ", make("strong", {}, verdict), reasons.length ? ` – ${reasons[0]}` : "") : "",
    note ? make("p", {}, note) : "",
    events.length ? make("ul", { class: "events" }, ...events.map(drawEvent)) : "",
  );
}

function drawEvent({ action, at, by, share, reason }) {
  const to = share === null ? "" : ` at ${percent(share)}`;
  const why = reason ? `: ${reason}` : "";
  return make("li", {}, `${ACTIONS[action] ?? action}${to} `,
    make("span", { class: "hint" }, make("time", { datetime: at, title: at }, age(at)), ` by ${by}`), why);
}
