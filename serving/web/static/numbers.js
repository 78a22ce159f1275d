// Formats numbers and times for people.

// Never "100 %" or "0 %" unless it is exact.
export function percent(share) {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  if (share > 0.999 && share < 1) return "> 99.9 %";
  return `${(100 * share).toFixed(1)} %`;
}

export const count = (number, noun) =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;

// 5.099999904632568 is 5.1 in single precision; 1234567 has no digits to spare.
export function plain(number) {
  const digits = Math.ceil(Math.log10(Math.abs(number) || 1));
  return String(Number(number.toPrecision(Math.min(Math.max(digits + 1, 6), 15))));
}

export function bytes(number) {
  if (number < 1024) return count(number, "byte");
  if (number < 1024 ** 2) return `${Number((number / 1024).toFixed(1))} KiB`;
  return `${Number((number / 1024 ** 2).toFixed(1))} MiB`;
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

export function age(time, now = Date.now()) {
  const seconds = (now - Date.parse(time)) / 1000;
  if (Number.isNaN(seconds)) return "at an unknown time";
  for (const [unit, size] of UNITS) {
    if (seconds >= size) return `${count(Math.floor(seconds / size), unit)} ago`;
  }
  return "less than a minute ago";
}

// A difference of probabilities in percentage points, with a real minus sign.
export function points(difference) {
  const rounded = (100 * Math.abs(difference)).toFixed(1);
  if (rounded === "0.0") return "0.0";
  return `${difference < 0 ? "−" : "+"}${rounded}`;
}
