// Creates elements. Text is always inserted as text, never as markup.

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// The same text again is no news, neither for eyes nor for screen readers.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

export function announce(text) {
  const element = byId("announcement");
  if (element.textContent !== text) element.textContent = text;
}

const keys = new WeakMap(); // of what elements show

// Replaces what an element shows if it differs; what a user has opened stays open, and focused.
export function refresh(element, key, build) {
  const text = JSON.stringify(key);
  if (keys.get(element) === text) return;
  keys.set(element, text);
  const opened = [...element.querySelectorAll("details[open]")].map(({ dataset }) => dataset.name);
  const focused = element.querySelector("summary:focus")?.parentElement.dataset.name;
  element.replaceChildren(...build());
  for (const details of element.querySelectorAll("details")) {
    details.open = opened.includes(details.dataset.name);
    if (details.dataset.name === focused) details.querySelector("summary").focus();
  }
}
