// @ts-check
/** Axes: from a column's values to places in [0, 1], with the space's own scale, and ticks. */
import { present } from "../columns.js";
import { number, shown } from "../numbers.js";

/** @typedef {import("../columns.js").Columns} Columns */
/** @typedef {import("../columns.js").Column} Column */
/**
 * @typedef {object} Axis
 * @property {string} key
 * @property {string} title
 * @property {Column} column
 * @property {boolean} isLog
 * @property {boolean} isWords
 * @property {number} low in the column's unit, or in places of its words
 * @property {number} high
 * @property {{ at: number, text: string }[]} ticks
 * @property {(value: number) => number} to a place in [0, 1]; beyond it where the value is
 * @property {(at: number) => number} from
 */

const SKEWED = 20; // a metric whose largest value is so many medians is shown by its logarithm
const MOST_TICKS = 6;

/** @param {Columns} columns @param {Column} column @returns {Axis} */
export function axisOf(columns, column) {
  if (column.kind === "words") return wordAxis(column);
  const { about } = column;
  let [low, high] =
    about.low !== undefined
      ? [about.low, about.high]
      : about.choices
        ? [about.choices[0], about.choices.at(-1)]
        : extent(columns, column);
  let isLog = Boolean(about.log) || isSpread(about.choices);
  if (column.role !== "param") isLog = low > 0 && isSkewed(column, high);
  if (!(low > 0)) isLog = false;
  if (low === high) [low, high] = isLog ? [low / 2, high * 2] : [low - (Math.abs(low) / 10 || 0.5), high + (Math.abs(high) / 10 || 0.5)];
  const [a, b] = isLog ? [Math.log(low), Math.log(high)] : [low, high];
  return {
    key: column.key,
    title: column.name,
    column,
    isLog,
    isWords: false,
    low,
    high,
    to: isLog ? (v) => (Math.log(v) - a) / (b - a) : (v) => (v - a) / (b - a),
    from: isLog ? (t) => Math.exp(a + t * (b - a)) : (t) => a + t * (b - a),
    ticks: ticks(low, high, isLog, about.choices).map((at) => ({ at, text: number(at, 4) })),
  };
}

/** @param {Column} column @returns {Axis} */
function wordAxis(column) {
  const words = column.words.slice(1);
  const last = words.length - 1;
  const step = Math.max(1, Math.ceil(words.length / 12));
  return {
    key: column.key,
    title: column.name,
    column,
    isLog: false,
    isWords: true,
    low: 0,
    high: Math.max(last, 0),
    // Half a place of room at both ends, so that the first and the last word can be brushed too.
    to: (place) => (place + 0.5) / Math.max(words.length, 1),
    from: (t) => t * words.length - 0.5,
    ticks: words.flatMap((word, at) => (at % step ? [] : [{ at, text: shown(word) }])),
  };
}

/** The least and the greatest finite value. @param {Columns} columns @param {Column} column */
export function extent(columns, column) {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < columns.count; row++) {
    const value = column.values[row];
    if (value - value !== 0 || !present(column, row)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 1] : [low, high];
}

/** Whether a few large values would flatten all others. @param {Column} column @param {number} high */
export function isSkewed(column, high) {
  const step = Math.max(1, Math.floor(column.values.length / 2000));
  const found = [];
  for (let row = 0; row < column.values.length; row += step) {
    const value = column.values[row];
    if (value - value === 0 && present(column, row)) found.push(value);
  }
  if (found.length < 3) return false;
  found.sort((a, b) => a - b);
  return found[0] > 0 && high > SKEWED * found[found.length >> 1];
}

/** @param {number[] | undefined} choices powers of two, say */
const isSpread = (choices) =>
  choices !== undefined && choices.length > 2 && choices[0] > 0 && choices[choices.length - 1] / choices[0] >= 8;

/** @param {number} low @param {number} high @param {boolean} isLog @param {number[]} [choices] @param {number} [most] */
export function ticks(low, high, isLog, choices, most = MOST_TICKS) {
  if (choices && choices.length <= 8) return choices;
  if (isLog) {
    const first = Math.ceil(Math.log10(low) - 1e-9);
    const last = Math.floor(Math.log10(high) + 1e-9);
    const step = Math.max(1, Math.ceil((last - first + 1) / most));
    const found = [];
    for (let power = first; power <= last; power += step) found.push(Number(`1e${power}`));
    if (found.length >= 3) return found;
    const between = [1, 2, 5].flatMap((m) =>
      Array.from({ length: last - first + 3 }, (_, i) => Number(`${m}e${first - 1 + i}`)),
    );
    const within = between.filter((at) => at >= low && at <= high).sort((a, b) => a - b);
    if (within.length >= 2) return within;
  }
  const rough = (high - low) / (most - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.9) ?? rough;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}
