// A picture that follows the values, for the models that have one in pictures/.

import { byId } from "../dom.js";

export class PicturePanel {
  #picture = null;
  #shape = null;
  #row = {};

  constructor() {
    this.element = byId("picture");
    // The page lists them, as asking for one that does not exist would be an error.
    this.names = document.body.dataset.pictures.split(" ");
  }

  async build(shape) {
    this.#shape = shape;
    this.#picture = null;
    this.element.hidden = true;
    if (!this.names.includes(shape.name)) return;
    const module = await load(shape.name);
    if (!module || this.#shape !== shape) return;
    this.#picture = module.create(shape.features);
    if (!this.#picture) return;
    this.element.replaceChildren(this.#picture.element);
    this.element.hidden = false;
    this.show(this.#row);
  }

  show(row) {
    this.#row = row;
    this.#picture?.show(row);
  }
}

// Returns null if the service does not answer: the page does without the picture then.
async function load(name) {
  try {
    return await import(`../pictures/${name}.js`);
  } catch (error) {
    if (error instanceof TypeError) return null; // how a failed request is reported
    throw error;
  }
}
