// Of many wishes in a short time, runs the latest; an older one still under way ends.

export class Latest {
  #timer = null;
  #controller = null;

  constructor(pause, run) {
    this.pause = pause;
    this.run = run;
  }

  ask(value, pause = this.pause) {
    this.value = value;
    this.#timer ??= setTimeout(() => this.#start(), pause);
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#controller?.abort();
  }

  async #start() {
    this.cancel();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    try {
      await this.run(this.value, signal);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }
}
