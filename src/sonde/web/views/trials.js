// @ts-check
/** The table of a sweep's trials: which columns it has, and how their values look. */
import { adjust, go, href, part, place } from "../address.js";
import { present, valueOf } from "../columns.js";
import { html, useMemo, useRef } from "../html.js";
import { count, duration, full, number, shown, when } from "../numbers.js";
import { say } from "../ui/confirm.js";
import { State } from "../ui/state.js";
import { Table } from "../ui/table.js";
import { saveParquet, saveTable } from "../ui/table_file.js";
import { MOST, chosenRows } from "./marked.js";
import { Parallel } from "./parallel.js";

/** @typedef {import("../columns.js").Columns} Columns */
/** @typedef {import("../columns.js").Column} Column */
/** @typedef {import("../ui/table.js").Head} Head */

const chosenTrials = part("sel");
const chosenPins = part("pin");

/** The table with room, beside what narrows it. @param {{ board: import("../board.js").Board }} props */
export const TrialsTab = ({ board }) => html`<${Parallel} board=${board} /><${Trials} board=${board} isTall />`;

/** @param {{ board: import("../board.js").Board, isTall?: boolean }} props */
export function Trials({ board, isTall = false }) {
  const columns = /** @type {Columns} */ (board.columns);
  const version = board.version.value;
  const rows = board.ordered.value;
  const picked = place.value.cols;
  const marked = new Set(chosenRows(columns, chosenTrials.value));
  /** @type {Head[]} */
  const heads = useMemo(() => allHeads(columns, board.sweep), [version]);
  const keys = picked ? picked.split(",") : usual(columns);
  const pins = chosenPins.value ? chosenPins.value.split(",") : [];
  const find = (/** @type {string} */ key) => heads.find((head) => head.key === key) ?? [];
  const mark = (/** @type {number} */ row) => {
    const next = marked.has(row) ? [...marked].filter((other) => other !== row) : [...marked, row];
    if (next.length > MOST) say(`${MOST} trials at most can be compared`, true);
    else adjust({ sel: next.join() });
  };
  const first = [boxes(marked, mark), ...["state", "number", ...pins].flatMap(find)];
  const shownHeads = [...first, ...keys.filter((/** @type {string} */ key) => !pins.includes(key)).flatMap(find)];
  const choose = (/** @type {string} */ key, /** @type {boolean} */ isOn) =>
    adjust({ cols: (isOn ? [...keys, key] : keys.filter((/** @type {string} */ k) => k !== key)).join() });
  const move = (/** @type {string} */ key, /** @type {string} */ to) => {
    const isPinned = pins.includes(key);
    const list = isPinned ? [...pins] : [...keys];
    const [from, at] = [list.indexOf(key), list.indexOf(to)];
    if (from < 0) return;
    list.splice(from, 1);
    // Beyond its own kind it goes to the end that is nearer: pinned columns stand at the left.
    list.splice(at >= 0 ? at : isPinned ? list.length : 0, 0, key);
    adjust(isPinned ? { pin: list.join() } : { cols: list.join() });
  };
  const pin = (/** @type {string} */ key) => adjust({ pin: (pins.includes(key) ? pins.filter((/** @type {string} */ k) => k !== key) : [...pins, key]).join() });
  // On a phone pinned columns would leave no room for others.
  const pinned = innerWidth > 600 ? first.length : 0;
  return html`<section class="panel">
    <div class="panel-head">
      <h2>Trials</h2>
      <div class="choices">
        ${
          marked.size > 0 &&
          html`<span>${marked.size} chosen</span>
            ${marked.size > 1 && html`<a class="button small" data-key="c" href=${href({ ...place.value, tab: "compare" })}>Compare</a>`}
            <button class="small" onClick=${() => adjust({ sel: null })}>None</button>`
        }
        <details class="menu"><summary>Columns</summary>
          <div class="menu-list"><p class="choices"><button class="small" onClick=${() => adjust({ cols: heads.slice(2).map((head) => head.key).join() })}>All</button>
            <button class="small" onClick=${() => adjust({ cols: null, pin: null })}>The usual</button></p>
          ${heads.slice(2).map(
            (head) => html`<p key=${head.key} class="column-choice"><label><input type="checkbox" checked=${keys.includes(head.key)}
              onChange=${(/** @type {any} */ e) => choose(head.key, e.target.checked)} /> ${head.title}</label>
              <button class="small" aria-pressed=${pins.includes(head.key)} aria-label=${`Pin ${head.title}`} onClick=${() => pin(head.key)}>Pin</button></p>`,
          )}</div></details>
        <${Export} board=${board} heads=${shownHeads.slice(1)} />
      </div>
    </div>
    ${
      columns.count === 0
        ? html`<p class="nothing">No trial yet. They appear here as they are proposed.</p>`
        : rows.length === 0
          ? html`<p class="nothing">No trial fits. <button class="small" onClick=${() => board.clear()}>Show every trial</button></p>`
          : html`<${Table} label="Trials" heads=${shownHeads} rows=${rows} sort=${board.sort.value} pinned=${pinned} isTall=${isTall} onMark=${mark} onMove=${move}
              onSort=${(/** @type {string} */ key) => adjust({ sort: key })}
              onOpen=${(/** @type {number} */ row) => go({ sweep: place.peek().sweep, trial: row })} />`
    }
    ${columns.hidden > 0 && html`<p class="muted">${count(columns.hidden, "further metric")} not shown: a trial's own page has all.</p>`}
  </section>`;
}

/** The boxes that choose trials to be compared. @param {Set<number>} marked @param {(row: number) => void} mark @returns {Head} */
const boxes = (marked, mark) => ({
  key: "#box",
  title: "",
  head: html`<span class="sr">Compare</span>`,
  isFixed: true,
  width: 34,
  cell: (row) => html`<input type="checkbox" aria-label=${`Compare #${row}`} checked=${marked.has(row)} onChange=${() => mark(row)} />`,
});

/** The table as it is shown, as a file. @param {{ board: import("../board.js").Board, heads: Head[] }} props */
function Export({ board, heads }) {
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const save = async (/** @type {string} */ kind) => {
    if (menu.current) menu.current.open = false;
    try {
      if (kind === "parquet") await saveParquet(board, heads.map((head) => head.key));
      else saveTable(kind, board.detail.peek().name, board.columns, board.ordered.peek(), heads.map((head) => head.key));
    } catch (error) {
      say(`it could not be saved: ${/** @type {Error} */ (error).message}`, true);
    }
  };
  return html`<details class="menu" ref=${menu}><summary>Export</summary>
    <div class="menu-list">${[["csv", "CSV"], ["json", "JSON"], ["tex", "LaTeX"], ["parquet", "Parquet"]].map(
      ([kind, title]) => html`<button key=${kind} class="small" onClick=${() => save(kind)}>${title}</button>`,
    )}</div></details>`;
}

/** The columns that are shown unless others are chosen. @param {Columns} columns */
const usual = (columns) => [
  ...[...columns.goals, ...columns.role("bound")].map((column) => column.key),
  ...columns.role("param").filter((column) => !column.about.constant).map((column) => column.key),
  "duration",
  ...(columns.byKey.get("error")?.words.length ?? 0) > 1 ? ["error"] : [],
];

/** @param {Columns} columns @param {string} sweep @returns {Head[]} */
function allHeads(columns, sweep) {
  /** @type {Head[]} */
  const heads = [
    { key: "state", title: "State", width: 108, isFixed: true, cell: (row) => html`<${State} state=${columns.stateOf(row)} />` },
    {
      key: "number", title: "#", width: 72, isRight: true, isFixed: true, hint: "The trial's number",
      cell: (row) => html`<a href=${href({ sweep, trial: row })}>${row}</a>`,
    },
  ];
  for (const role of ["goal", "bound", "param", "metric"]) heads.push(...columns.role(role).map(headOf));
  heads.push({
    key: "duration", title: "took", width: 84, isRight: true, hint: "From its last start to its end",
    cell: (row) => duration(columns.took(row)),
  });
  for (const [key, title] of [["step", "step"], ["started", "started"], ["finished", "finished"], ["feasible", "feasible"], ["short", "cut short"], ["agent", "agent"], ["origin", "origin"], ["error", "failure"]]) {
    const column = columns.byKey.get(key);
    if (!column) continue;
    const isTime = key === "started" || key === "finished";
    heads.push({
      key, title, isRight: isTime || key === "step", width: isTime ? 168 : key === "error" ? 320 : key === "agent" ? 180 : 90,
      cell: (row) => {
        const value = valueOf(column, row);
        if (value === undefined) return missing;
        if (key === "feasible" || key === "short") return value ? "yes" : "no";
        return isTime ? when(value) : shown(value);
      },
      full: key === "error" || key === "agent" ? (row) => String(valueOf(column, row) ?? "") : undefined,
    });
  }
  heads.push({
    key: "attempts", title: "attempts", width: 90, isRight: true, hint: "How often it was started",
    cell: (row) => columns.attempts[row],
  });
  return heads;
}

const missing = html`<span class="missing" title="missing">–</span>`;

/** @param {Column} column @returns {Head} */
function headOf(column) {
  const isNumber = column.kind === "number";
  const { about } = column;
  const hint = [about.text, about.when && `when ${about.when}`, about.direction && `${about.direction}, ${about.summary}`];
  return {
    key: column.key,
    title: column.name,
    width: Math.min(Math.max(94, column.name.length * 8 + 42), 190),
    isRight: isNumber,
    hint: hint.filter(Boolean).join(", ") || undefined,
    cell: (row) => {
      if (!present(column, row)) return missing;
      const value = valueOf(column, row);
      if (!isNumber) return shown(value);
      const text = about.whole && Number.isInteger(value) ? String(value) : number(value);
      return value - value === 0 ? text : html`<span class="odd">${text}</span>`;
    },
    full: (row) => (present(column, row) ? full(valueOf(column, row)) : "missing"),
  };
}
