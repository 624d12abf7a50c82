// @ts-check
/**
 * A figure as it is on the wire (docs/figures.md), read as columns of trials: what the drawing
 * modules take. Trials of several sweeps stand one below the other, each with its sweep's place.
 */
import { axisOf } from "../charts/axis.js";
import { placesOn } from "../charts/cloud.js";
import { number, shown } from "../numbers.js";
import { colour } from "../theme.js";

/** @typedef {import("../columns.js").Column} Column */
/** @typedef {import("../charts/axis.js").Axis} Axis */
/** @typedef {{ axis: any, values: any[] }} Plotted */
/** @typedef {{ place: number, name: string }} Named */

const GROUPS = 8; // colours of sweeps
const FENCE = 3; // quartile ranges beyond which a value lies on the edge, as in every other picture
export const EDGE = 0.025; // of an axis beyond its end, where such points lie

/** Numbers, with NaN where there is none. @param {any[]} values */
export const numbersOf = (values) => Float64Array.from(values, (v) => (v === null ? Number.NaN : Number(v)));

/** The colour of a sweep among several. @param {number} place */
export const tintOf = (place) => colour(`group-${place % GROUPS}`);

export class Table {
  /**
   * @param {any[]} runs each with its `place`, `source` and `points`
   * @param {(run: any) => Plotted[]} plotted its columns: the same axes in each, though one may lack some
   */
  constructor(runs, plotted) {
    this.runs = runs;
    /** @type {string[]} */
    this.states = [...new Set(runs.flatMap((run) => run.points.state))];
    /** @type {{ run: any, i: number }[]} */
    this.rows = runs.flatMap((run) => run.points.trial.map((/** @type {number} */ _, /** @type {number} */ i) => ({ run, i })));
    this.count = this.rows.length;
    /** @type {Column[]} */
    this.list = [];
    const read = new Map(runs.map((run) => [run, new Map(plotted(run).map((one) => [keyOf(one.axis), one]))]));
    /** @type {Map<string, any>} */
    const axes = new Map();
    for (const columns of read.values()) for (const [key, { axis }] of columns) if (!axes.has(key)) axes.set(key, axis);
    for (const [key, axis] of axes) {
      const values = this.rows.map(({ run, i }) => read.get(run)?.get(key)?.values[i] ?? null);
      this.list.push(columnOf(axis, values));
    }
    this.goal = numbersOf(this.rows.map(({ run, i }) => run.points.value[i]));
    this.all = Uint32Array.from(this.rows.keys());
  }

  /** @param {number} row */
  stateOf(row) {
    const { run, i } = this.rows[row];
    return run.points.state[i];
  }

  /** The colour of a row's sweep where there are several. @returns {((row: number) => string) | null} */
  get tint() {
    if (this.runs.every((run) => run.isAlone)) return null;
    const tints = new Map(this.runs.map((run) => [run, tintOf(run.place)]));
    return (row) => /** @type {string} */ (tints.get(this.rows[row].run));
  }

  /** `#12 done`, with the sweep where there are several. @param {number} row */
  nameOf(row) {
    const { run, i } = this.rows[row];
    return `${run.isAlone ? "" : `${run.source.name} `}#${run.points.trial[i]} ${run.points.state[i]}`;
  }

  /** @param {Column} column */
  axis(column) {
    return axisOf(/** @type {any} */ (this), column);
  }

  /**
   * How good each row is among all results: 1 the best, 0 the worst, NaN where it has none.
   * @param {boolean} isMax
   */
  merit(isMax) {
    const out = new Float32Array(this.count).fill(Number.NaN);
    const able = [...this.rows.keys()].filter((row) => this.rows[row].run.points.result[this.rows[row].i]);
    const order = able.map((row) => this.goal[row]).sort((a, b) => a - b);
    const first = new Map();
    order.forEach((value, at) => first.has(value) || first.set(value, at));
    for (const row of able) {
      const share = order.length > 1 ? first.get(this.goal[row]) / (order.length - 1) : 0;
      out[row] = isMax ? share : 1 - share;
    }
    return out;
  }
}

const keyOf = (/** @type {any} */ axis) => `${axis.role}.${axis.name}`;

/** A column as the drawing modules have it; its axis is the one that the figure says. @param {any} axis @param {any[]} values @returns {Column} */
export function columnOf(axis, values) {
  const isWords = axis.kind === "category";
  const about = { low: axis.low ?? 0, high: axis.high ?? 1, log: axis.log, direction: axis.direction };
  return {
    key: keyOf(axis),
    name: axis.name,
    role: "param", // so that the axis is taken as it is
    kind: isWords ? "words" : "number",
    about,
    values: isWords ? Uint32Array.from(values, (v) => (v === null ? 0 : v + 1)) : numbersOf(values),
    has: isWords ? null : Uint8Array.from(values, (v) => (v === null ? 0 : 1)),
    words: isWords ? [undefined, ...axis.words] : [],
  };
}

/** A row's value as people read it. @param {Column} column @param {number} row */
export function textAt(column, row) {
  if (column.kind === "words") return column.values[row] ? shown(column.words[column.values[row]]) : "–";
  return column.has?.[row] === 0 ? "–" : number(column.values[row]);
}

/**
 * The axis of a metric without what lies far beyond the others on its bad side.
 * @param {any} axis as the figure has it @param {Float64Array} values
 */
export function reached(axis, values) {
  const found = values.filter((v) => v - v === 0 && (!axis.log || v > 0)).sort();
  if (found.length === 0) return axis;
  let [low, high] = [found[0], found[found.length - 1]];
  if (!axis.log && found.length >= 4) {
    const quartile = (/** @type {number} */ share) => {
      const at = share * (found.length - 1);
      const [a, b] = [found[Math.floor(at)], found[Math.ceil(at)]];
      return a + (b - a) * (at % 1);
    };
    const [q1, q3] = [quartile(0.25), quartile(0.75)];
    const reach = FENCE * (q3 - q1);
    if (reach > 0) {
      const inside = found.filter((v) => (axis.direction === "maximize" ? v >= q1 - reach : v <= q3 + reach));
      [low, high] = [inside[0], inside[inside.length - 1]];
    }
  }
  return { ...axis, low, high };
}

/**
 * Where rows lie on the axis of a metric: what has no place on it lies on the edge where bad values are.
 * @param {Axis} axis @param {Uint32Array} rows
 */
export function placesOrEdge(axis, rows) {
  const isMax = axis.column.about.direction === "maximize";
  const out = placesOn(axis, rows);
  for (let i = 0; i < out.length; i++) if (!(out[i] >= -1e-9 && out[i] <= 1 + 1e-9)) out[i] = isMax ? -EDGE : 1 + EDGE;
  return out;
}

/** The names of states that some points have. @param {any[]} runs */
export const statesOf = (runs) =>
  ["done", "stopped", "failed", "running", "paused", "cancelled"].filter((state) => runs.some((run) => run.points.state.includes(state)));
