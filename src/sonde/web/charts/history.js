// @ts-check
/** The points of a sweep's history, the best so far, and the front of two goals: pure functions. */
import { present } from "../columns.js";
import { groupsOf } from "./repeats.js";

/** @typedef {import("../columns.js").Columns} Columns */
/** @typedef {import("../columns.js").Column} Column */
/**
 * @typedef {object} Points
 * @property {Uint32Array} rows in the order of x
 * @property {Float64Array} xs
 * @property {Float64Array} ys
 * @property {Float64Array} best the best so far at each, NaN before the first
 * @property {number[] | null} front over another goal: the places of those that none beats in both
 * @property {number} without how many trials have no number to show
 * @property {Means} [means] where each point is an assignment: the mean of its repeats
 */
/**
 * Repeats as one, by the row of the first trial of each assignment.
 * @typedef {object} Means
 * @property {Uint32Array} rows these
 * @property {Float64Array} values the mean over the trials that have a result; NaN: none has
 * @property {Float64Array} errors its standard error; NaN where that is not known
 * @property {Uint16Array} counts how many results it is the mean of
 * @property {Uint8Array} isWhole whether all repeats have ended, so that it is compared
 * @property {Float64Array} ends when the last of them ended
 */

/**
 * @param {Columns} columns @param {Column} goal @param {Uint32Array} rows
 * @param {Means | null} [means] to show assignments in place of trials
 * @param {"number" | "time" | "work" | Column} over by number; by their end, in seconds since the
 *   first began, or in seconds that all which ended so far took; or by another goal
 * @returns {Points}
 */
export function points(columns, goal, rows, over, means = null) {
  const byTime = over === "time" || over === "work";
  const other = typeof over === "string" ? null : over;
  const finished = columns.byKey.get("finished");
  const started = columns.byKey.get("started");
  const feasible = columns.byKey.get("feasible");
  const short = columns.byKey.get("short");
  let begin = Number.POSITIVE_INFINITY;
  if (byTime && started) {
    for (let row = 0; row < columns.count; row++)
      if (present(started, row)) begin = Math.min(begin, started.values[row]);
  }
  const counts = columns.states.map((state) => state === "done" || state === "stopped");
  const kept = [];
  const values = means ? means.values : goal.values;
  const ended = means ? means.ends : finished?.values;
  for (const row of means ? means.rows : rows) {
    const y = values[row];
    if ((!means && !present(goal, row)) || y - y !== 0) continue;
    if (other && !(present(other, row) && Number.isFinite(other.values[row]))) continue;
    if (byTime && !(ended && finished && (means ? ended[row] === ended[row] : present(finished, row)))) continue;
    kept.push(row);
  }
  if (other) kept.sort((a, b) => other.values[a] - other.values[b]);
  if (byTime && ended) kept.sort((a, b) => ended[a] - ended[b]);
  const xs = new Float64Array(kept.length);
  const ys = new Float64Array(kept.length);
  const best = new Float64Array(kept.length);
  const isMin = goal.about.direction !== "maximize";
  const eligible = new Uint8Array(kept.length);
  let so = Number.NaN;
  let isSoShort = true;
  let work = 0;
  kept.forEach((row, i) => {
    work += columns.took(row) ?? 0;
    xs[i] = other ? other.values[row] : over === "work" ? work : byTime && ended ? ended[row] - begin : row;
    ys[i] = values[row];
    const isFeasible = !feasible || feasible.words[feasible.values[row]] !== false;
    if ((means ? means.isWhole[row] : counts[columns.state[row]]) && isFeasible) {
      // What a rule cut short is the best only while nothing ran to its end.
      const isShort = short !== undefined && short.words[short.values[row]] === true;
      const isBetter = Number.isNaN(so) || (isMin ? ys[i] < so : ys[i] > so);
      eligible[i] = isShort ? 0 : 1;
      if (isShort === isSoShort ? isBetter : !isShort) [so, isSoShort] = [ys[i], isShort];
    }
    best[i] = so;
  });
  const front = other && frontOf(xs, ys, eligible, other.about.direction === "maximize", !isMin);
  const without = (means ? means.rows : rows).length - kept.length;
  return { rows: Uint32Array.from(kept), xs, ys, best, front, without, means: means ?? undefined };
}

/**
 * The repeats of each assignment as one.
 * @param {Columns} columns @param {Column} goal @param {Uint32Array} firsts @param {Uint32Array} rows @param {number} repeats
 * @returns {Means}
 */
export function meansOf(columns, goal, firsts, rows, repeats) {
  const n = columns.count;
  const finished = columns.byKey.get("finished");
  const counting = columns.states.map((state) => state === "done" || state === "stopped");
  const over = columns.states.map((state) => state !== "running" && state !== "waiting" && state !== "paused");
  const groups = groupsOf(firsts, rows);
  const nan = () => new Float64Array(n).fill(Number.NaN);
  const found = { rows: new Uint32Array(groups.size), values: nan(), errors: nan(), counts: new Uint16Array(n), isWhole: new Uint8Array(n), ends: nan() };
  let i = 0;
  for (const group of groups.values()) {
    const first = group[0];
    const numbers = group.filter((row) => counting[columns.state[row]] && present(goal, row)).map((row) => goal.values[row]);
    const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
    const squares = numbers.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    found.rows[i++] = first;
    found.values[first] = mean;
    found.counts[first] = numbers.length;
    found.isWhole[first] = group.length >= repeats && group.every((row) => over[columns.state[row]]) ? 1 : 0;
    if (numbers.length > 1) found.errors[first] = Math.sqrt(squares / (numbers.length - 1) / numbers.length);
    if (finished) for (const row of group) if (present(finished, row)) found.ends[first] = Math.max(found.ends[first] || 0, finished.values[row]);
  }
  return found;
}

/**
 * The places of the points that no other beats in both, the best in x first.
 * @param {Float64Array} xs @param {Float64Array} ys @param {Uint8Array} eligible
 * @param {boolean} isMaxX @param {boolean} isMaxY @returns {number[]}
 */
export function frontOf(xs, ys, eligible, isMaxX, isMaxY) {
  const [sx, sy] = [isMaxX ? -1 : 1, isMaxY ? -1 : 1];
  const order = [...xs.keys()].filter((i) => eligible[i]);
  order.sort((a, b) => sx * (xs[a] - xs[b]) || sy * (ys[a] - ys[b]));
  const front = [];
  let least = Number.POSITIVE_INFINITY;
  for (const i of order) {
    if (sy * ys[i] >= least) continue;
    least = sy * ys[i];
    front.push(i);
  }
  return front;
}

/**
 * The point that is nearest to a place on the screen, or -1.
 * @param {Points} found @param {(x: number) => number} px @param {(y: number) => number} py
 * @param {number} x @param {number} y @param {number} reach in pixels
 */
export function nearest(found, px, py, x, y, reach = 12) {
  let least = reach * reach;
  let at = -1;
  for (let i = 0; i < found.xs.length; i++) {
    const dx = px(found.xs[i]) - x;
    if (dx > reach || dx < -reach) continue;
    const dy = py(found.ys[i]) - y;
    const d = dx * dx + dy * dy;
    if (d < least) [least, at] = [d, i];
  }
  return at;
}
