// @ts-check
/** Numbers, times and values as people read them. */

/** A measured number in few digits. @param {number | string | null | undefined} value */
export function number(value, digits = 5) {
  if (value === null || value === undefined) return "–";
  const v = Number(value);
  if (Number.isNaN(v)) return "NaN";
  if (!Number.isFinite(v)) return v > 0 ? "inf" : "−inf";
  if (v === 0) return "0";
  const size = Math.abs(v);
  if (Number.isInteger(v) && size < 1e6) return String(v).replace("-", "−");
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, power] = v.toExponential(digits - 1).split("e");
    return `${trim(mantissa)}e${power.replace("+", "")}`.replaceAll("-", "−");
  }
  return trim(v.toPrecision(digits)).replace("-", "−");
}

const trim = (/** @type {string} */ text) =>
  text.includes(".") ? text.replace(/\.?0+$/, "") : text;

/** A value of a parameter: text as it is. @param {any} value */
export function shown(value) {
  if (value === undefined) return "–";
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return number(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A value in full, for copying. @param {any} value */
export const full = (value) =>
  typeof value === "number" || typeof value === "string" ? String(value) : shown(value);

/** `0.42s`, `12s`, `3m12s`, `2h05m`, `3d04h`. @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds === 0) return "0s";
  if (seconds < 0.9995) return `${Math.max(seconds, 0).toFixed(2)}s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const s = Math.round(seconds);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  if (s < 86400) return `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}m`;
  return `${Math.floor(s / 86400)}d${two(Math.floor((s % 86400) / 3600))}h`;
}

/** How long ago, roughly. @param {number} time seconds since the epoch @param {number} now */
export function ago(time, now) {
  const s = now - time;
  if (s < 5) return "now";
  if (s < 60) return `${Math.round(s)}s ago`;
  if (s < 3600) return `${Math.round(s / 60)}m ago`;
  if (s < 86400) return `${Math.round(s / 3600)}h ago`;
  return `${Math.round(s / 86400)}d ago`;
}

/** A time in the reader's own zone. @param {number | null | undefined} time */
export function when(time) {
  if (time === null || time === undefined) return "–";
  const d = new Date(time * 1000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${day} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** Words quoted for a shell where they need it. @param {string[]} words */
export const shell = (words) =>
  words
    .map((word) =>
      /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`,
    )
    .join(" ");

/** A command of sonde, with the store where it is not a folder's own. @param {string[]} words @param {string} store */
export const command = (words, store) =>
  shell(["sonde", ...words.slice(0, 1), ...(store.endsWith("/.sonde/sonde.db") ? [] : [`--store=${store}`]), ...words.slice(1)]);

/** `min val_loss`. @param {{ metric: string, direction: string, summary: string }} goal */
export function goalText(goal) {
  const short = goal.direction === "minimize" ? "min" : "max";
  if (goal.summary === short) return `${short} ${goal.metric}`;
  return `${short} of the ${goal.summary} ${goal.metric}`;
}

/** With its unit of one or more: `1 trial`, `3 trials`. @param {number} n @param {string} word */
export const count = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

/** An agent's name for people: its machine and process. @param {string} name `host/boot/namespace/pid/start` */
export function agentText(name) {
  const parts = name.split("/");
  return parts.length >= 4 ? `${parts[0]}, process ${parts[3]}` : name;
}
