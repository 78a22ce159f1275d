// Reads CSV into rows of text cells, and writes it.

export function parse(text) {
  const rows = [];
  let [row, cell, quoted, started] = [[], "", false, false];
  const endCell = () => { row.push(cell); [cell, started] = ["", false]; };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0].trim()) rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') { cell += '"'; at += 1; } else quoted = false;
    } else if (character === '"' && !started) [quoted, started] = [true, true];
    else if (character === ",") endCell();
    else if (character === "\n") endRow();
    else if (character !== "\r") { cell += character; started = true; }
  }
  if (cell || row.length) endRow();
  return rows;
}

export const write = (rows) => rows.map((row) => `${row.map(quote).join(",")}\n`).join("");

function quote(cell) {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// As in training: "Sepal Length (cm)" becomes sepal_length.
export const standardize = (name) => name.replace(/\(.*?\)/g, "").toLowerCase()
  .replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
