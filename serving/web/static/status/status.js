// How the model is doing: asks the service at intervals and fills the panels.

import { byId, make, refresh, say } from "../dom.js";
import { age } from "../numbers.js";
import { drawCanary } from "./canary.js";
import { drawDrift } from "./drift.js";
import { drawTiles } from "./tiles.js";
import { drawVersions } from "./versions.js";

const POLL_MS = 5000; // the service collects its figures every two seconds
const FEEDBACK_DELAY_MS = 2500; // until a label is among them
const PANELS = { tiles: drawTiles, canary: drawCanary, drift: drawDrift, versions: drawVersions };
const MINUTE_MS = 60_000;

export class StatusPanel {
  #shape = null;
  #status = null;
  #timer = null;

  constructor(read) {
    this.read = read;
    document.addEventListener("visibilitychange", () => this.#askAfter(0));
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
    try {
      this.#status = await this.read() ?? this.#status;
      this.#draw();
    } catch (error) {
      this.#fail(error);
    }
    if (!document.hidden) this.#askAfter(POLL_MS);
  }

  #draw() {
    const status = this.#status;
    say(byId("status-note"), describeRegistry(status.registry));
    say(byId("hold"), describeHold(status.hold, this.#shape));
    // Times are shown to the minute.
    const minute = Math.floor(Date.now() / MINUTE_MS);
    for (const [id, draw] of Object.entries(PANELS)) {
      const panel = byId(id);
      refresh(panel, [status, this.#shape, minute], () => draw(status, this.#shape));
      panel.hidden = !panel.firstChild;
    }
  }

  // What was known remains, marked as old; the notice at the top says more.
  #fail(error) {
    const texts = { 401: "These figures require an API key.", 403: "This API key does not show these figures." };
    say(byId("status-note"), texts[error.status] ?? "These figures are not available at the moment.");
    if (this.#status) return;
    for (const id of ["tiles", "versions"]) byId(id).replaceChildren(make("p", { class: "hint" }, "Not available yet."));
  }
}

function describeRegistry(registry) {
  if (!registry || registry.reachable) return "";
  const { unreachable_since: since, detail } = registry;
  const problem = since
    ? `The model registry has been unreachable for ${age(since).replace(" ago", "")}`
    : `The state of the model registry is unknown: ${detail}`;
  return `${problem}. Predictions go on; versions and drift may be out of date.`;
}

function describeHold(hold, { environment }) {
  if (!hold) return "";
  const reason = hold.reason ? `: ${hold.reason}` : "";
  return `Automatic releases are on hold after a ${hold.action} by ${hold.by}, ${age(hold.at)}${reason}. `
    + `kedro model resume${environment} ends the hold.`;
}
