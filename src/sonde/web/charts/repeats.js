// @ts-check
/**
 * Repeats of an assignment as one (docs/noise.md): pure functions over columns. An assignment goes
 * by the row of its first trial; its numbers are the means over its trials that count.
 */
import { present } from "../columns.js";

/** @typedef {import("../columns.js").Columns} Columns */
/** @typedef {import("../columns.js").Column} Column */

const OPEN = ["running", "waiting", "paused"];
const OUTCOMES = ["done", "stopped", "failed", "cancelled"]; // of several the first that occurs

/** Of each row the first one of its assignment. @param {Columns} columns @returns {Uint32Array} */
export function firstsOf(columns) {
  const params = columns.role("param");
  /** @type {Map<string, number>} */
  const known = new Map();
  const firsts = new Uint32Array(columns.count);
  for (let row = 0; row < columns.count; row++) {
    const key = params.map((column) => (present(column, row) ? column.values[row] : "")).join();
    const first = known.get(key);
    if (first === undefined) known.set(key, row);
    firsts[row] = first ?? row;
  }
  return firsts;
}

/** The assignments that some rows are of, by number. @param {Uint32Array} firsts @param {Uint32Array} rows */
export const assignmentsOf = (firsts, rows) => Uint32Array.from(new Set(rows.map((row) => firsts[row]))).sort();

/** All rows of the assignments that some rows are of. @param {Uint32Array} firsts @param {Uint32Array} rows */
export function withRepeats(firsts, rows) {
  const shown = new Set(rows.map((row) => firsts[row]));
  return Uint32Array.from(firsts.keys()).filter((row) => shown.has(firsts[row]));
}

/** The rows of each assignment, by its first one. @param {Uint32Array} firsts @param {Iterable<number>} rows @returns {Map<number, number[]>} */
export function groupsOf(firsts, rows) {
  /** @type {Map<number, number[]>} */
  const groups = new Map();
  for (const row of rows) {
    const group = groups.get(firsts[row]);
    if (group) group.push(row);
    else groups.set(firsts[row], [row]);
  }
  return groups;
}

/**
 * Columns of which the first row of each assignment says how that one stands as a whole. What is
 * not through yet runs or waits, whatever some of its trials gave: it is compared with nothing.
 * @param {Columns} columns @param {Uint32Array} firsts @param {number} repeats @returns {Columns}
 */
export function joined(columns, firsts, repeats) {
  const groups = groupsOf(firsts, firsts.keys());
  const counting = columns.states.map((state) => state === "done" || state === "stopped");
  /** @type {Columns} */
  const whole = Object.assign(Object.create(Object.getPrototypeOf(columns)), columns);
  whole.state = columns.state.slice();
  for (const [first, rows] of groups) {
    const states = rows.map((row) => columns.stateOf(row));
    const isOpen = rows.length < repeats || states.some((state) => OPEN.includes(state));
    const found = isOpen ? (states.includes("running") ? "running" : "waiting") : OUTCOMES.find((state) => states.includes(state));
    whole.state[first] = columns.states.indexOf(found ?? states[0]);
  }
  whole.list = columns.list.map((column) => {
    if (column.kind !== "number" || !["goal", "bound", "metric"].includes(column.role)) return column;
    const values = Float64Array.from(column.values);
    const has = new Uint8Array(columns.count);
    for (const [first, rows] of groups) {
      const numbers = rows.filter((row) => counting[columns.state[row]] && present(column, row)).map((row) => column.values[row]);
      has[first] = numbers.length ? 1 : 0;
      values[first] = numbers.reduce((a, b) => a + b, 0) / numbers.length;
    }
    return { ...column, values, has };
  });
  whole.byKey = new Map(whole.list.map((column) => [column.key, column]));
  judge(columns, whole, groups);
  return whole;
}

/** Whether it keeps to the bounds (by its means) and was cut short (if any of it was). @param {Columns} columns @param {Columns} whole @param {Map<number, number[]>} groups */
function judge(columns, whole, groups) {
  /** @param {string} key @param {(first: number, rows: number[]) => unknown} tell */
  const rewrite = (key, tell) => {
    const column = whole.byKey.get(key);
    if (!column) return;
    const values = Uint32Array.from(column.values);
    for (const [first, rows] of groups) values[first] = Math.max(0, column.words.indexOf(tell(first, rows)));
    whole.byKey.set(key, { ...column, values });
  };
  const bounds = whole.list.filter((column) => column.about.bound !== undefined);
  rewrite("feasible", (first) =>
    bounds.every((column) => {
      const over = (column.values[first] - column.about.bound) * (column.about.at_most ? 1 : -1);
      return present(column, first) && over <= 0;
    }),
  );
  const short = columns.byKey.get("short");
  rewrite("short", (_, rows) => rows.some((row) => short?.words[short.values[row]] === true));
}
