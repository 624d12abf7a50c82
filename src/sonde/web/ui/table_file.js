// @ts-check
/** A table as a file: the rows and columns that are shown, in their order, with values in full. */
import { getFile } from "../api.js";
import { present, valueOf } from "../columns.js";
import { download } from "./files.js";

/** @typedef {import("../columns.js").Columns} Columns */

const KINDS = { csv: "text/csv", json: "application/json", tex: "application/x-tex" };

/**
 * As the server writes it: the browser has nothing that writes Parquet.
 * @param {import("../board.js").Board} board @param {string[]} keys
 */
export async function saveParquet(board, keys) {
  if (Number(board.topText.peek()) > 0) throw new Error("Parquet is written by the server, which does not know the slider: set it to all");
  const columns = /** @type {Columns} */ (board.columns);
  /** @type {Record<string, string>} */
  const others = { duration: "duration_s", short: "cut_short" };
  const named = (/** @type {string} */ key) => (key.startsWith("m.") ? key.slice(2) : key.startsWith("p.") && !columns.byKey.has(`m.${key.slice(2)}`) ? key.slice(2) : (others[key] ?? key));
  const sort = board.sort.peek();
  const query = {
    format: "parquet",
    column: keys.map(named),
    filter: board.filterText.peek(),
    brush: [...board.brushes.peek()].map(([key, { low, high }]) => `${key}:${low}..${high}`),
    sort: sort.startsWith("-") ? `-${named(sort.slice(1))}` : named(sort),
  };
  download(`${board.detail.peek().name}.parquet`, await getFile(`../sweeps/${columns.sweep}/export`, query));
}

/** @param {string} kind @param {string} name @param {any} columns @param {Uint32Array} rows @param {string[]} keys */
export function saveTable(kind, name, columns, rows, keys) {
  const text = (kind === "csv" ? asCsv : kind === "json" ? asJson : asLatex)(columns, rows, keys);
  download(`${name}.${kind}`, new Blob([text], { type: `${KINDS[/** @type {keyof typeof KINDS} */ (kind)]};charset=utf-8` }));
}

/** A cell: undefined where there is nothing. @param {Columns} columns @param {number} row @param {string} key */
export function cellOf(columns, row, key) {
  if (key === "number") return row;
  if (key === "state") return columns.stateOf(row);
  if (key === "duration") return columns.took(row);
  if (key === "attempts") return columns.attempts[row];
  const column = columns.byKey.get(key);
  if (!column || !present(column, row)) return undefined;
  const value = valueOf(column, row);
  if (key === "started" || key === "finished") return new Date(value * 1000).toISOString();
  return value;
}

/** Names as people know them; where a parameter and a metric share one, with what they are. @param {Columns} columns @param {string[]} keys */
function titles(columns, keys) {
  const names = keys.map((key) => columns.byKey.get(key)?.name ?? key);
  return keys.map((key, i) => (names.indexOf(names[i]) === names.lastIndexOf(names[i]) ? names[i] : `${key.startsWith("p.") ? "param" : "metric"}.${names[i]}`));
}

const plain = (/** @type {any} */ value) =>
  value === undefined ? "" : typeof value === "number" && !Number.isFinite(value) ? (Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity") : value === null || typeof value === "object" ? JSON.stringify(value) : String(value);

/** @param {Columns} columns @param {Uint32Array} rows @param {string[]} keys */
export function asCsv(columns, rows, keys) {
  // What a spreadsheet would run as a formula becomes a text.
  const tame = (/** @type {any} */ value) => (typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : plain(value));
  const quoted = (/** @type {string} */ text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [titles(columns, keys), ...Array.from(rows, (row) => keys.map((key) => tame(cellOf(columns, row, key))))];
  return lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}

/** @param {Columns} columns @param {Uint32Array} rows @param {string[]} keys */
export function asJson(columns, rows, keys) {
  const names = titles(columns, keys);
  const value = (/** @type {any} */ v) => (typeof v === "number" && !Number.isFinite(v) ? plain(v) : v);
  const found = Array.from(rows, (row) =>
    Object.fromEntries(keys.flatMap((key, i) => {
      const v = cellOf(columns, row, key);
      return v === undefined ? [] : [[names[i], value(v)]];
    })),
  );
  return `${JSON.stringify(found, null, 1)}\n`;
}

/** Numbers of a paper: five digits, powers of ten written as such. @param {Columns} columns @param {Uint32Array} rows @param {string[]} keys */
export function asLatex(columns, rows, keys) {
  /** @type {Record<string, string>} */
  const special = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
  const safe = (/** @type {string} */ text) => text.replaceAll(/[\\&%$#_{}~^]/g, (c) => special[c] ?? `\\${c}`);
  const cell = (/** @type {any} */ v) => {
    if (v === undefined) return "--";
    if (typeof v !== "number") return safe(plain(v));
    if (Number.isNaN(v)) return "NaN";
    if (!Number.isFinite(v)) return v > 0 ? "$\\infty$" : "$-\\infty$";
    if (Number.isInteger(v) && Math.abs(v) < 1e6) return v < 0 ? `$${v}$` : String(v);
    const [mantissa, power] = v.toExponential(4).split("e").map(Number);
    return Math.abs(power) < 5 ? `$${Number(v.toPrecision(5))}$` : `$${mantissa} \\times 10^{${power}}$`;
  };
  const isNumber = keys.map((key) => ["number", "duration", "attempts"].includes(key) || columns.byKey.get(key)?.kind === "number");
  return `% needs \\usepackage{booktabs}
\\begin{tabular}{${isNumber.map((is) => (is ? "r" : "l")).join("")}}
\\toprule
${titles(columns, keys).map(safe).join(" & ")} \\\\
\\midrule
${Array.from(rows, (row) => `${keys.map((key) => cell(cellOf(columns, row, key))).join(" & ")} \\\\`).join("\n")}
\\bottomrule
\\end{tabular}
`;
}
