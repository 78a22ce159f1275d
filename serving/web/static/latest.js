// Of many calls in a short time, runs only the latest, and aborts an earlier one.

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
