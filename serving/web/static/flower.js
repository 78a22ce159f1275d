// A flower that follows the sliders, for models of sepals and petals.

const SVG = "http://www.w3.org/2000/svg";
const PARTS = ["sepal", "petal"];
const NEEDED = PARTS.flatMap((part) => [`${part}_length`, `${part}_width`]);
const RADIUS = 128;
const ANGLES = { sepal: [120, 240, 0], petal: [60, 180, 300] };

export class Flower {
  constructor(element) {
    this.element = element;
    this.svg = null;
  }

  build({ features }) {
    const names = features.map(({ name }) => name);
    this.svg = null;
    this.element.replaceChildren();
    this.element.hidden = !NEEDED.every((name) => names.includes(name));
    if (this.element.hidden) return;
    const lengths = features.filter(({ name }) => PARTS.includes(name.replace("_length", "")));
    this.reach = Math.max(...lengths.map(({ high }) => high));
    this.unit = features.find(({ name }) => name === NEEDED[0]).unit;
    this.svg = draw("svg", { viewBox: "-150 -140 300 280", role: "img" });
    this.element.append(this.svg);
  }

  show(row) {
    if (!this.svg || NEEDED.some((name) => !(row[name] > 0))) return;
    const size = (part) => [row[`${part}_length`], row[`${part}_width`]];
    const scale = RADIUS / Math.max(this.reach, ...PARTS.map((part) => size(part)[0]));
    const text = PARTS.map((part) => `${part}s ${size(part).join(" by ")} ${this.unit}`);
    this.svg.setAttribute("aria-label", `A flower with ${text.join(" and ")}, seen from above`);
    this.svg.replaceChildren(
      ...PARTS.flatMap((part) => leaves(part, ...size(part).map((each) => each * scale))),
      draw("circle", { r: 4, class: "heart" }),
      ...PARTS.map((part) => name(part, size(part)[0] * scale)),
    );
  }
}

function leaves(part, length, width) {
  const side = width / 1.5; // a cubic curve bulges to three quarters of its handles
  const outline = `M0 0C${side} ${-0.3 * length} ${side} ${-length} 0 ${-length}`
    + `C${-side} ${-length} ${-side} ${-0.3 * length} 0 0`;
  return ANGLES[part].map((angle) => {
    const group = draw("g", { transform: `rotate(${angle})`, class: part });
    const vein = draw("path", { d: `M0 0L0 ${-0.72 * length}`, class: "vein" });
    group.append(draw("path", { d: outline }), vein);
    return group;
  });
}

// Beside the part's tip, on the right-hand side.
function name(part, length) {
  const angle = ((ANGLES[part][0] - 90) * Math.PI) / 180;
  const [x, y] = [Math.cos(angle), Math.sin(angle)].map((each) => (each * length * 0.8).toFixed(1));
  const top = part === "petal" ? -104 : 118;
  const group = draw("g", { class: "name" });
  const label = draw("text", { x: 146, y: top, "text-anchor": "end" });
  label.textContent = part;
  group.append(draw("path", { d: `M${x} ${y}L124 ${top + (part === "petal" ? 6 : -14)}` }), label);
  return group;
}

function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
