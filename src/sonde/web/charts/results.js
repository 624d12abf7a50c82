// @ts-check
/** Which trials have a result that can be compared with others': the same that figures count. */
import { present } from "../columns.js";

/** @typedef {import("../columns.js").Columns} Columns */
/** @typedef {import("../columns.js").Column} Column */

/**
 * Whether a row ran to its end, or was stopped otherwise than by a rule that cut it short.
 * @param {Columns} columns @returns {(row: number) => boolean}
 */
export function comparable(columns) {
  const counts = columns.states.map((state) => state === "done" || state === "stopped");
  const short = columns.byKey.get("short");
  return (row) => counts[columns.state[row]] && short?.words[short.values[row]] !== true;
}

/** The results of some rows, ascending. @param {Columns} columns @param {Column} goal @param {Uint32Array | null} rows null: all */
export function resultsOf(columns, goal, rows) {
  const counts = comparable(columns);
  const out = new Float64Array(rows ? rows.length : columns.count);
  let n = 0;
  for (let i = 0; i < out.length; i++) {
    const row = rows ? rows[i] : i;
    const v = goal.values[row];
    if (counts(row) && present(goal, row) && v - v === 0) out[n++] = v;
  }
  return out.subarray(0, n).sort();
}
