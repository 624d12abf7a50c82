// @ts-check
/**
 * A sweep's trials as columns (server/columns.py): row i is trial i. All at first, then what
 * changed is written over it. What is missing, NaN and infinite stay three different things.
 */
import { getBlock } from "./api.js";

/**
 * @typedef {object} Column
 * @property {string} key unique: role and name, as a parameter and a metric may share a name
 * @property {string} name
 * @property {"meta" | "param" | "goal" | "bound" | "metric"} role
 * @property {"number" | "words"} kind
 * @property {any} about what the server says of it
 * @property {Float64Array | Uint32Array} values numbers, or places in `words`
 * @property {Uint8Array | null} has 0 where a number is missing; null: none is
 * @property {any[]} words the first is for what is missing
 */

export class Columns {
  /** @param {string} sweep */
  constructor(sweep) {
    this.sweep = sweep;
    this.version = 0;
    this.edition = "";
    this.count = 0;
    this.hidden = 0;
    /** @type {string[]} */
    this.states = [];
    this.state = new Uint8Array(0);
    this.attempts = new Uint16Array(0);
    /** @type {Column[]} */
    this.list = [];
    /** @type {Map<string, Column>} */
    this.byKey = new Map();
  }

  /** Fetch what changed. @returns {Promise<boolean>} whether anything did */
  async update() {
    const query = { sweep: this.sweep, since: this.version, edition: this.edition };
    const { header, arrays } = await getBlock("columns", query);
    const rows = arrays.get("#rows");
    if (rows && rows.length === 0 && header.version === this.version) return false;
    if (rows) this.change(header, arrays, rows);
    else this.replace(header, arrays);
    this.version = header.version;
    this.edition = header.edition;
    this.hidden = header.hidden;
    return true;
  }

  /** @param {any} header @param {Map<string, any>} arrays */
  replace(header, arrays) {
    this.count = header.count;
    this.states = header.states;
    this.state = arrays.get("#state");
    this.attempts = arrays.get("#attempts");
    this.list = header.columns.map((/** @type {any} */ about, /** @type {number} */ place) => ({
      key: about.role === "param" ? `p.${about.name}` : about.role === "meta" ? about.name : `m.${about.name}`,
      name: about.name,
      role: about.role,
      kind: about.kind,
      about,
      values: arrays.get(`${place}`),
      has: arrays.get(`${place}?`) ?? null,
      words: about.words ?? [],
    }));
    this.byKey = new Map(this.list.map((column) => [column.key, column]));
  }

  /** @param {any} header @param {Map<string, any>} arrays @param {Uint32Array} rows */
  change(header, arrays, rows) {
    const before = this.count;
    this.count = header.count;
    this.state = put(this.state, header.count, rows, arrays.get("#state"));
    this.attempts = put(this.attempts, header.count, rows, arrays.get("#attempts"));
    this.list.forEach((column, place) => {
      const has = arrays.get(`${place}?`);
      if (has && !column.has) column.has = new Uint8Array(before).fill(1);
      column.values = put(column.values, header.count, rows, arrays.get(`${place}`));
      if (column.has && has) column.has = put(column.has, header.count, rows, has);
      const { first, words } = header.columns[place];
      if (words?.length) column.words = [...column.words.slice(0, first), ...words];
    });
  }

  /** The word for a row's state. @param {number} row */
  stateOf(row) {
    return this.states[this.state[row]];
  }

  /** @returns {Column[]} */
  role(/** @type {string} */ role) {
    return this.list.filter((column) => column.role === role);
  }

  /** The metrics that are to be made better. */
  get goals() {
    return this.role("goal");
  }

  /** Seconds from a trial's last start to its end, or undefined. @param {number} row */
  took(row) {
    const started = this.byKey.get("started");
    const finished = this.byKey.get("finished");
    if (!started || !finished || !present(started, row) || !present(finished, row)) return undefined;
    return finished.values[row] - started.values[row];
  }
}

/** Whether there is a value in a row. @param {Column} column @param {number} row */
export function present(column, row) {
  if (column.kind === "words") return column.values[row] !== 0;
  return column.has === null || column.has[row] === 1;
}

/** A row's value, `undefined` where it is missing. @param {Column} column @param {number} row */
export function valueOf(column, row) {
  if (!present(column, row)) return undefined;
  return column.kind === "words" ? column.words[column.values[row]] : column.values[row];
}

/**
 * Write some rows of an array that may have to grow; room is kept for more.
 * @template {Float64Array | Uint32Array | Uint16Array | Uint8Array} T
 * @param {T} into @param {number} count @param {Uint32Array} rows @param {T} values
 * @returns {T}
 */
function put(into, count, rows, values) {
  let grown = into;
  if (into.length < count) {
    const Type = /** @type {any} */ (into.constructor);
    const room = into.buffer.byteLength - into.byteOffset;
    const roomy = into.byteOffset === 0 && room >= count * into.BYTES_PER_ELEMENT;
    if (roomy) grown = new Type(into.buffer, 0, count);
    else {
      const size = Math.ceil(count * 1.25) + 64;
      grown = new Type(new ArrayBuffer(size * into.BYTES_PER_ELEMENT), 0, count);
      grown.set(into);
    }
  }
  for (let i = 0; i < rows.length; i++) grown[rows[i]] = values[i];
  return grown;
}
