// How the model is doing: asks the service at intervals and fills the panels.

import { byId, make, refresh, say } from "../dom.js";
import { age } from "../numbers.js";
import { drawCanary } from "./canary.js";
import { drawDrift } from "./drift.js";
import { drawTiles } from "./tiles.js";
import { drawVersions } from "./versions.js";

const POLL_MS = 5000; // the service collects its figures every two seconds
const FEEDBACK_DELAY_MS = 2500; // until a label is among them
// Each panel, and the parts of the status that it shows.
const PANELS = {
  tiles: [drawTiles, ["model", "since", "traffic", "feedback", "monitoring"]],
  canary: [drawCanary, ["model", "canary"]],
  drift: [drawDrift, ["monitoring"]],
  versions: [drawVersions, ["model", "versions", "events"]],
};
const FORBIDDEN_STATUSES = [401, 403]; // until there is another key
const MINUTE_MS = 60_000;

export class StatusPanel {
  #shape = null;
  #status = null;
  #timer = null;

  constructor(read) {
    this.read = read;
    document.addEventListener("visibilitychange", () => document.hidden || this.#askAfter(0));
  }

  show(shape) {
    this.#shape = shape;
    if (this.#status) this.#draw();
    else this.#askAfter(0);
  }

  // Called when there is something new to see.
  ask() {
    this.#askAfter(this.#status ? FEEDBACK_DELAY_MS : 0);
  }

  #askAfter(pause) {
    clearTimeout(this.#timer);
    if (this.#shape) this.#timer = setTimeout(() => this.#ask(), pause);
  }

  async #ask() {
    this.#timer = null;
    let failure = null;
    try {
      this.#status = await this.read() ?? this.#status;
    } catch (error) {
      failure = error;
    }
    const isForbidden = FORBIDDEN_STATUSES.includes(failure?.status);
    // Meanwhile, something new may have set an earlier time.
    if (!document.hidden && !isForbidden && this.#timer === null) this.#askAfter(POLL_MS);
    if (failure) this.#fail(failure);
    else this.#draw();
  }

  #draw() {
    const status = this.#status;
    say(byId("status-note"), describeRegistry(status));
    say(byId("hold"), describeHold(status.hold, this.#shape));
    // Times are shown to the minute.
    const minute = Math.floor(Date.now() / MINUTE_MS);
    for (const [id, [draw, parts]] of Object.entries(PANELS)) {
      const panel = byId(id);
      const shown = parts.map((part) => status[part]);
      refresh(panel, [shown, this.#shape, minute], () => draw(status, this.#shape));
      panel.hidden = !panel.firstChild;
    }
  }

  // What was known remains, marked as old; the notice at the top says more.
  #fail(error) {
    const texts = { 401: "These figures require an API key.", 403: "This API key is not allowed to read these figures." };
    say(byId("status-note"), texts[error.status] ?? "These figures are not available at the moment.");
    if (this.#status) return;
    for (const id of ["tiles", "versions"]) byId(id).replaceChildren(make("p", { class: "hint" }, "Not available yet."));
  }
}

function describeRegistry({ registry, model }) {
  if (!registry) return "";
  const { unreachable_since: since, detail, last_refusal: refusal } = registry;
  if (registry.reachable) {
    if (!refusal || refusal.role === "shadow") return ""; // a shadow answers nobody
    const reason = refusal.reason.replace(/\.$/, "");
    return `Version ${refusal.version} of the registry was refused: ${reason}. Version ${model.version} is served.`;
  }
  const problem = since
    ? `The model registry has been unreachable for ${age(since).replace(" ago", "")}`
    : `The state of the model registry is unknown: ${detail}`;
  return `${problem}. Predictions continue; versions and drift may be out of date.`;
}

function describeHold(hold, { environment }) {
  if (!hold) return "";
  const reason = hold.reason ? `: ${hold.reason.replace(/\.$/, "")}` : "";
  return `Automatic releases are on hold after a ${hold.action} by ${hold.by}, ${age(hold.at)}${reason}. `
    + `To end the hold, run: kedro model resume${environment}`;
}
