// Reads a chosen CSV file, and picks the columns that the model needs.

import { parse, standardize } from "./csv.js";
import { bytes } from "../numbers.js";
import { point } from "../pointers.js";

export class FileError extends Error {
  constructor(message, issues = []) {
    super(message);
    this.issues = issues;
  }
}

export async function readTable(file, features, maxBytes) {
  return arrange(parse(await readText(file, maxBytes)), features);
}

async function readText(file, maxBytes) {
  if (file.size > maxBytes) {
    throw new FileError(`It is ${bytes(file.size)}; the limit is ${bytes(maxBytes)}.`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch (error) {
    throw new FileError(error.name === "TypeError" ? "It is not valid UTF-8." : "It cannot be read.");
  }
}

// Keeps the columns that the model needs, under its names; the download has them all.
function arrange(all, features) {
  if (all.length < 2) throw new FileError("It needs a header and at least one row.");
  const ragged = all.flatMap((row, index) => (row.length === all[0].length ? [] : [{
    pointer: point(String(index)), message: `must have ${all[0].length} cells, not ${row.length}`,
  }]));
  if (ragged.length) throw new FileError("Its rows differ in length.", ragged);
  const known = features.map(({ name }) => name);
  const names = findNames(all[0].map((name) => name.trim()), known);
  const kept = names.flatMap((name, index) => (name === undefined ? [] : [index]));
  if (!kept.length) throw new FileError(`Its header contains none of ${known.join(", ")}.`);
  return {
    all,
    header: kept.map((index) => names[index]),
    rows: all.slice(1).map((row) => kept.map((index) => row[index])),
    ignored: all[0].filter((_, index) => !kept.includes(index)),
  };
}

// Returns for each column the feature that it is named after, or else undefined. Another
// spelling counts only where no column has the very name.
function findNames(header, known) {
  const free = known.filter((name) => !header.includes(name));
  const spellings = new Map(free.map((name) => [standardize(name), name]));
  spellings.delete(""); // a name without Latin letters
  return header.map((name) => (known.includes(name) ? name : spellings.get(standardize(name))));
}
