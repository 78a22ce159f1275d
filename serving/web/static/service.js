// Requests to the service. Every failure becomes an error with a message for users.

const TIMEOUT_MS = 10_000;

export class UnreachableError extends Error {
  constructor() {
    super("The service is not responding. This page resumes when it does.");
  }
}

export class ServiceError extends Error {
  constructor(status, problem) {
    super(problem.detail || `The service answered with status ${status}.`);
    this.status = status;
    this.type = problem.type ?? "";
    this.requestId = problem.request_id ?? "";
    this.issues = problem.errors ?? [];
    // The service stops counting where there are too many to list.
    this.total = problem.total ?? (this.issues.length ? Infinity : 0);
  }
}

export class Service {
  #tags = new Map();
  #canaryKey = String(Math.random()); // all requests of this page go to the same model
  key = "";

  model() {
    return this.#get("model");
  }

  status() {
    return this.#get("status");
  }

  // The next answers are complete, whether or not they have changed.
  forget() {
    this.#tags.clear();
  }

  predict(row, signal) {
    return this.#post("predict", "application/json", JSON.stringify(row), signal);
  }

  explain(row, version, signal) {
    return this.#post(`explain?version=${encodeURIComponent(version)}`, "application/json", JSON.stringify(row), signal);
  }

  feedback(item) {
    return this.#post("feedback", "application/json", JSON.stringify(item), AbortSignal.timeout(TIMEOUT_MS));
  }

  predictCsv(text, signal) {
    return this.#post("predict/batch", "text/csv", text, signal);
  }

  // Returns null if nothing has changed since the last call.
  async #get(path) {
    const headers = this.#tags.has(path) ? { "If-None-Match": this.#tags.get(path) } : {};
    if (this.key) headers["X-API-Key"] = this.key;
    const response = await ask(path, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 304) return null;
    const answer = await read(response);
    this.#tags.set(path, response.headers.get("ETag"));
    return answer;
  }

  async #post(path, type, body, signal) {
    const headers = { "Content-Type": type, Accept: "application/json", "X-Canary-Key": this.#canaryKey };
    if (this.key) headers["X-API-Key"] = this.key;
    return read(await ask(path, { method: "POST", headers, body, signal }));
  }
}

async function ask(path, options) {
  const response = await reach(() => fetch(path, { cache: "no-store", ...options }));
  if (response.ok || response.status === 304) return response;
  throw new ServiceError(response.status, await readProblem(response));
}

const read = (response) => reach(() => response.json());

async function readProblem(response) {
  const text = await reach(() => response.text());
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // a proxy's page
  }
}

async function reach(work) {
  try {
    return await work();
  } catch (error) {
    throw error.name === "AbortError" ? error : new UnreachableError();
  }
}
