// A flower that follows the values, for models of sepals and petals.

const SVG = "http://www.w3.org/2000/svg";
const PARTS = ["sepal", "petal"];
const NEEDED = PARTS.flatMap((part) => [`${part}_length`, `${part}_width`]);
const RADIUS = 128;
const ANGLES = { sepal: [120, 240, 0], petal: [60, 180, 300] };
const COLORS = { sepal: "var(--picture-dark)", petal: "var(--picture-light)" };

// Returns null if the model has other features.
export function create(features) {
  const named = new Map(features.map((feature) => [feature.name, feature]));
  if (!NEEDED.every((name) => named.has(name))) return null;
  return new Flower(PARTS.map((part) => named.get(`${part}_length`)));
}

class Flower {
  constructor(lengths) {
    this.reach = Math.max(...lengths.map(({ high }) => high));
    this.unit = lengths[0].unit;
    this.element = draw("svg", { viewBox: "-150 -140 300 280", role: "img" });
  }

  show(row) {
    if (NEEDED.some((name) => !(row[name] > 0))) return;
    const size = (part) => [row[`${part}_length`], row[`${part}_width`]];
    const scale = RADIUS / Math.max(this.reach, ...PARTS.map((part) => size(part)[0]));
    const text = PARTS.map((part) => `${part}s ${size(part).join(" by ")} ${this.unit}`);
    this.element.setAttribute("aria-label", `A flower with ${text.join(" and ")}, seen from above`);
    this.element.replaceChildren(
      ...PARTS.flatMap((part) => leaves(part, ...size(part).map((each) => each * scale))),
      draw("circle", { r: 4 }, { fill: "var(--picture-accent)" }),
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
    const leaf = draw("path", { d: outline }, { fill: COLORS[part], stroke: "var(--picture-edge)" });
    const vein = draw("path", { d: `M0 0L0 ${-0.72 * length}` }, {
      stroke: "var(--picture-accent)", "stroke-width": 2.5, "stroke-linecap": "round", opacity: 0.85,
    });
    group.append(leaf, vein);
    return group;
  });
}

// Beside the part's tip, on the right-hand side.
function name(part, length) {
  const angle = ((ANGLES[part][0] - 90) * Math.PI) / 180;
  const [x, y] = [Math.cos(angle), Math.sin(angle)].map((each) => (each * length * 0.8).toFixed(1));
  const top = part === "petal" ? -104 : 118;
  const line = draw("path", { d: `M${x} ${y}L124 ${top + (part === "petal" ? 6 : -14)}` }, {
    stroke: "var(--muted)", fill: "none", "stroke-dasharray": "2 3",
  });
  const label = draw("text", { x: 146, y: top, "text-anchor": "end" }, {
    fill: "var(--ink)", "font-size": "13px", "font-weight": 600,
  });
  label.textContent = part;
  const group = draw("g", {});
  group.append(line, label);
  return group;
}

// The policy of the page forbids style attributes in markup, not styles set one by one.
function draw(tag, attributes, styles = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  for (const [key, value] of Object.entries(styles)) element.style.setProperty(key, value);
  return element;
}
