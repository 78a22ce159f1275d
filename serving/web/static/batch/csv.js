// Reads CSV into rows of text cells, and writes it, as the service does.

export function parse(text) {
  const rows = [];
  let [row, cell, quoted, started] = [[], "", false, false];
  const endCell = () => { row.push(cell); [cell, started] = ["", false]; };
  const endRow = () => {
    const isBlank = !row.length && !started;
    endCell();
    if (!isBlank) rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') { cell += '"'; at += 1; } else quoted = false;
    } else if (character === '"' && !started) [cell, quoted, started] = ["", true, true];
    else if (character === ",") endCell();
    else if (character === "\n") endRow();
    else if (character !== "\r") { cell += character; started ||= character.trim() !== ""; }
  }
  if (cell || row.length || started) endRow();
  return rows;
}

// An empty cell that is alone in its row is quoted, as a blank line is no row.
export const write = (rows) => rows
  .map((row) => (row.length === 1 && row[0] === "" ? '""\n' : `${row.map(quote).join(",")}\n`))
  .join("");

function quote(cell) {
  const text = String(cell);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// As in training: "Blood Pressure (mmHg)" becomes blood_pressure, and "Größe" grosse.
export const standardize = (name) => name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "")
  .replace(/\(.*?\)/gs, "").toLowerCase().replaceAll("ß", "ss")
  .replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
