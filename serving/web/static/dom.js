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

// Replaces what an element shows if it differs; what a user has opened stays open.
export function refresh(element, key, build) {
  const text = JSON.stringify(key);
  if (element.dataset.shown === text) return;
  element.dataset.shown = text;
  const opened = [...element.querySelectorAll("details[open]")].map(({ dataset }) => dataset.name);
  element.replaceChildren(...build());
  for (const details of element.querySelectorAll("details")) details.open = opened.includes(details.dataset.name);
}
