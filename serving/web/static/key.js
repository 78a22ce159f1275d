// Asks for the API key and keeps it in this tab.

import { byId } from "./dom.js";

const NAME = "api-key";
const NOTE = "The key stays in this tab and is forgotten when you close it.";

export class KeyPanel {
  constructor(onKey) {
    this.form = byId("key");
    this.input = byId("key-value");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const key = this.input.value.trim();
      if (!key) return;
      sessionStorage.setItem(NAME, key);
      onKey(key);
    });
  }

  get stored() {
    return sessionStorage.getItem(NAME) ?? "";
  }

  ask(wasRefused) {
    const isNew = this.form.hidden;
    this.form.hidden = false;
    byId("key-note").textContent = wasRefused ? "This key was rejected." : NOTE;
    this.input.setAttribute("aria-invalid", String(wasRefused));
    if (isNew || wasRefused) this.input.focus();
    if (wasRefused) this.input.select();
    sessionStorage.removeItem(NAME);
  }

  close() {
    this.form.hidden = true;
    this.input.value = "";
  }
}
