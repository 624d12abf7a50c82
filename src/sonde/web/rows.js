// @ts-check
/** Which rows are shown, and in which order: pure functions over columns. */
import { present, valueOf } from "./columns.js";

/** @typedef {import("./columns.js").Columns} Columns */
/** @typedef {import("./columns.js").Column} Column */
/**
 * One word of a filter.
 * @typedef {object} Term
 * @property {string} name of a column; empty: any text
 * @property {"<" | "<=" | ">" | ">=" | "=" | "!=" | "~"} sign
 * @property {string} text
 * @property {number} number
 */
/** Of a column, in its own unit or in places of its words. @typedef {{ low: number, high: number }} Brush */

const SIGN = 0x8000; // the highest bit of sixteen
const TERM = /(?:"([^"]*)"|([^\s<>=!~]+?)\s*(<=|>=|!=|<|>|=|~)\s*("[^"]*"|\S+)|(\S+))/g;

/**
 * Read a filter: words that all must fit: `failed`, `lr<0.01`, `optimizer=adam`, `#12`.
 * @param {string} text @returns {Term[]}
 */
export function parseFilter(text) {
  /** @type {Term[]} */
  const terms = [];
  for (const [, quoted, name, sign, value, word] of text.matchAll(TERM)) {
    if (name) {
      const bare = value.replace(/^"|"$/g, "");
      terms.push({ name, sign: /** @type {any} */ (sign), text: bare.toLowerCase(), number: Number(bare) });
    } else {
      const bare = (quoted ?? word).toLowerCase();
      terms.push({ name: "", sign: "~", text: bare, number: Number.NaN });
    }
  }
  return terms;
}

/** Find a column by what people call it. @param {Columns} columns @param {string} name */
export function named(columns, name) {
  const known = [`m.${name}`, `p.${name}`, name].find((key) => columns.byKey.has(key));
  return known === undefined ? undefined : columns.byKey.get(known);
}

/**
 * @param {Columns} columns @param {Term[]} terms @param {Map<string, Brush>} brushes
 * @param {Uint32Array} [among] only of these
 * @returns {Uint32Array}
 */
export function narrowed(columns, terms, brushes, among) {
  const tests = [
    ...terms.map((term) => testOf(columns, term)),
    ...[...brushes].map(([key, brush]) => within(columns.byKey.get(key), brush)),
  ];
  const count = among ? among.length : columns.count;
  const kept = new Uint32Array(count);
  let n = 0;
  for (let i = 0; i < count; i++) {
    const row = among ? among[i] : i;
    let fits = true;
    for (let t = 0; fits && t < tests.length; t++) fits = tests[t](row);
    if (fits) kept[n++] = row;
  }
  return kept.subarray(0, n);
}

/** @param {Column | undefined} column @param {Brush} brush @returns {(row: number) => boolean} */
function within(column, { low, high }) {
  if (!column) return () => true;
  const { values } = column;
  const first = column.kind === "words" ? 1 : 0; // word 0 is for what is missing
  return (row) => {
    const value = values[row] - first;
    return value >= low && value <= high && present(column, row);
  };
}

/** @param {Columns} columns @param {Term} term @returns {(row: number) => boolean} */
function testOf(columns, term) {
  const { sign, text, number } = term;
  if (!term.name) {
    if (/^#?\d+$/.test(text)) {
      const wanted = Number(text.replace("#", ""));
      return (row) => row === wanted;
    }
    const states = new Set(columns.states.flatMap((s, code) => (s.startsWith(text) ? [code] : [])));
    if (states.size) return (row) => states.has(columns.state[row]);
    const fitting = columns.list
      .filter((column) => column.kind === "words")
      .map((column) => ({ column, codes: wordsLike(column, text) }))
      .filter(({ codes }) => codes.size);
    return (row) => fitting.some(({ column, codes }) => codes.has(column.values[row]));
  }
  if (term.name === "state") {
    return (row) => compare(sign, columns.stateOf(row), text, 0, Number.NaN);
  }
  if (term.name === "number" || term.name === "trial") return (row) => compare(sign, "", "", row, number);
  if (term.name === "duration") return (row) => compare(sign, "", "", columns.took(row) ?? Number.NaN, number);
  const column = named(columns, term.name);
  if (!column) return () => false;
  if (text === "missing") return (row) => present(column, row) === (sign === "!=");
  return (row) => {
    const value = valueOf(column, row);
    if (value === undefined) return false;
    const asNumber = typeof value === "number" ? value : Number.NaN;
    return compare(sign, wordOf(value), text, asNumber, number);
  };
}

/** @param {string} sign @param {string} a @param {string} b @param {number} x @param {number} y */
function compare(sign, a, b, x, y) {
  const isNumeric = !Number.isNaN(y);
  if (sign === "=") return isNumeric && !Number.isNaN(x) ? x === y : a === b;
  if (sign === "!=") return isNumeric && !Number.isNaN(x) ? x !== y : a !== b;
  if (sign === "~") return a.includes(b);
  if (sign === "<") return x < y;
  if (sign === "<=") return x <= y;
  return sign === ">" ? x > y : x >= y;
}

const wordOf = (/** @type {any} */ value) =>
  (typeof value === "number" && Number.isNaN(value) ? "nan" : String(value)).toLowerCase();

/** @param {Column} column @param {string} text */
const wordsLike = (column, text) =>
  new Set(column.words.flatMap((word, code) => (code && String(word).toLowerCase().includes(text) ? [code] : [])));

/**
 * Sort rows by a column; what is missing comes last in both directions, before it NaN, by a metric
 * also trials that failed or were cancelled, and by a goal, before these, what a rule cut short.
 * Equals stay in the order of their numbers.
 * @param {Columns} columns @param {Uint32Array} rows @param {string} by a key, `-` before it: descending
 * @returns {Uint32Array}
 */
export function sorted(columns, rows, by) {
  const isDown = by.startsWith("-");
  const key = isDown ? by.slice(1) : by;
  const out = rows.slice();
  if (key === "number") return isDown ? out.reverse() : out;
  const { ranks, last } = ranksOf(columns, key);
  // In a loop: `filter` of typed arrays takes longer than the sorting itself.
  const [whole, short] = [new Uint32Array(rows.length), new Uint32Array(rows.length)];
  let [a, b] = [0, 0];
  /** @type {number[]} */
  const rest = [];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (last[row] === 0) whole[a++] = row;
    else if (last[row] === 1) short[b++] = row;
    else rest.push(row);
  }
  put(out, 0, whole.subarray(0, a), ranks, isDown ? -1 : 1);
  put(out, a, short.subarray(0, b), ranks, isDown ? -1 : 1);
  rest.sort((x, y) => last[x] - last[y] || x - y);
  out.set(rest, a + b);
  return out;
}

/**
 * Put rows in order from a place on, equals in the order in which they come. The bits of a number
 * are dealt out by sixteen at a time, the lowest first: that takes a tenth of what a comparison of
 * each with others takes.
 * @param {Uint32Array} out @param {number} first @param {Uint32Array} rows
 * @param {Float64Array} ranks @param {number} sign
 */
function put(out, first, rows, ranks, sign) {
  const n = rows.length;
  const keys = new Float64Array(n);
  for (let i = 0; i < n; i++) keys[i] = sign * ranks[rows[i]] + 0; // no -0, which is 0 here
  const digits = new Uint16Array(keys.buffer); // the lowest first, on all machines that have browsers
  for (let i = 3; i < 4 * n; i += 4) {
    // So that bits are in the order of the numbers: of negative ones all are turned around.
    if (digits[i] < SIGN) digits[i] |= SIGN;
    else for (let k = i - 3; k <= i; k++) digits[k] = ~digits[k];
  }
  let [order, next] = [new Uint32Array(n), new Uint32Array(n)];
  for (let i = 0; i < n; i++) order[i] = i;
  const counts = new Uint32Array(2 * SIGN);
  for (let digit = 0; digit < 4; digit++) {
    counts.fill(0);
    for (let i = digit; i < 4 * n; i += 4) counts[digits[i]]++;
    if (n === 0 || counts[digits[digit]] === n) continue; // all the same, as of whole numbers
    for (let value = 0, sum = 0; value < counts.length; value++) {
      const many = counts[value];
      counts[value] = sum;
      sum += many;
    }
    for (let i = 0; i < n; i++) next[counts[digits[4 * order[i] + digit]]++] = order[i];
    [order, next] = [next, order];
  }
  for (let i = 0; i < n; i++) out[first + i] = rows[order[i]];
}

/** How many of some ascending numbers are less than a value. @param {Float64Array} order @param {number} value */
export function placeOf(order, value) {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The place of a value in the middle of its equals.
 * @param {Float64Array} order ascending @param {number} value one of them
 */
export function middleOf(order, value) {
  const first = placeOf(order, value);
  let [low, high] = [first, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return (first + low - 1) / 2;
}

/**
 * Those with the best results by the first goal, in the order of their numbers.
 * @param {Columns} columns @param {Uint32Array} rows @param {number} share of those that have one
 */
export function best(columns, rows, share) {
  const goal = columns.goals[0];
  if (!goal) return rows;
  const { last } = ranksOf(columns, goal.key);
  const ranked = rows.filter((row) => last[row] === 0);
  const order = sorted(columns, ranked, `${goal.about.direction === "maximize" ? "-" : ""}${goal.key}`);
  return order.slice(0, Math.ceil(order.length * share)).sort();
}

/** What rows are sorted by, and which come later whatever it is. @param {Columns} columns @param {string} key */
function ranksOf(columns, key) {
  const last = new Uint8Array(columns.count);
  /** @type {Float64Array} */
  let ranks = new Float64Array(columns.count);
  if (key === "state") {
    const order = ["running", "waiting", "paused", "done", "stopped", "failed", "cancelled"];
    const places = columns.states.map((state) => order.indexOf(state));
    for (let row = 0; row < columns.count; row++) ranks[row] = places[columns.state[row]];
    return { ranks, last };
  }
  if (key === "attempts") {
    ranks.set(columns.attempts);
    return { ranks, last };
  }
  if (key === "duration") {
    for (let row = 0; row < columns.count; row++) {
      const took = columns.took(row);
      if (took === undefined) last[row] = 4;
      else ranks[row] = took;
    }
    return { ranks, last };
  }
  const column = columns.byKey.get(key);
  if (!column) return { ranks, last };
  if (column.kind === "words") {
    const places = wordRanks(column.words);
    for (let row = 0; row < columns.count; row++) {
      ranks[row] = places[column.values[row]];
      if (column.values[row] === 0) last[row] = 4;
    }
    return { ranks, last };
  }
  ranks = /** @type {Float64Array} */ (column.values);
  const isMetric = key.startsWith("m.");
  const short = column.role === "goal" ? columns.byKey.get("short") : undefined;
  const failed = columns.states.map((state) => isMetric && (state === "failed" || state === "cancelled"));
  for (let row = 0; row < columns.count; row++) {
    if (!present(column, row)) last[row] = 4;
    else if (failed[columns.state[row]]) last[row] = 3;
    else if (Number.isNaN(ranks[row])) last[row] = 2;
    else if (short && short.words[short.values[row]] === true) last[row] = 1;
  }
  return { ranks, last };
}

/** Numbers before text. @param {any[]} words @returns {number[]} the place of each word */
function wordRanks(words) {
  /** @param {any} word @returns {[number, number, string]} */
  const key = (word) => (typeof word === "number" ? [0, word, ""] : [1, 0, String(word)]);
  const order = words.map((_, code) => code).sort((a, b) => {
    const [x, y] = [key(words[a]), key(words[b])];
    if (x[0] !== y[0]) return x[0] - y[0];
    return x[1] - y[1] || (x[2] < y[2] ? -1 : x[2] > y[2] ? 1 : 0);
  });
  const places = new Array(words.length).fill(0);
  order.forEach((code, at) => {
    places[code] = at;
  });
  return places;
}

/** Read brushes from the URL: `b.KEY=LOW..HIGH`. @param {[string, string][]} entries @returns {Map<string, Brush>} */
export function brushesOf(entries) {
  const found = new Map();
  for (const [key, text] of entries) {
    const [low, high] = text.split("..").map(Number);
    if (!Number.isNaN(low) && !Number.isNaN(high)) found.set(key.slice(2), { low, high });
  }
  return found;
}
