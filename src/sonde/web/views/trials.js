// @ts-check
/** The table of a sweep's trials: which columns it has, and how their values look. */
import { adjust, go, href, place } from "../address.js";
import { present, valueOf } from "../columns.js";
import { html, useMemo } from "../html.js";
import { count, duration, full, number, shown, when } from "../numbers.js";
import { State } from "../ui/state.js";
import { Table } from "../ui/table.js";

/** @typedef {import("../columns.js").Columns} Columns */
/** @typedef {import("../columns.js").Column} Column */
/** @typedef {import("../ui/table.js").Head} Head */

/** @param {{ board: import("../board.js").Board }} props */
export function Trials({ board }) {
  const columns = /** @type {Columns} */ (board.columns);
  const version = board.version.value;
  const rows = board.ordered.value;
  const filter = board.filterText.value;
  const picked = place.value.cols;
  /** @type {Head[]} */
  const heads = useMemo(() => allHeads(columns, board.sweep), [version]);
  const keys = picked ? picked.split(",") : usual(columns);
  const shownHeads = ["state", "number", ...keys].flatMap((key) => heads.find((head) => head.key === key) ?? []);
  const choose = (/** @type {string} */ key, /** @type {boolean} */ isOn) =>
    adjust({ cols: heads.map((head) => head.key).filter((k) => (k === key ? isOn : keys.includes(k))).join(",") });
  const isNarrowed = rows.length < columns.count;
  return html`<section class="panel">
    <div class="panel-head">
      <h2>Trials <span class="muted plain">${
        isNarrowed
          ? `${rows.length.toLocaleString("en")} of ${count(columns.count, "trial")}`
          : columns.count.toLocaleString("en")
      }</span></h2>
      <div class="choices">
        <input type="search" id="filter" aria-label="Filter the trials" placeholder="failed   lr<0.01   optimizer=adam" value=${filter}
          onInput=${(/** @type {any} */ e) => adjust({ filter: e.target.value })} />
        <details class="menu"><summary>Columns</summary>
          <div class="menu-list">${heads.slice(2).map(
            (head) => html`<label key=${head.key}><input type="checkbox" checked=${keys.includes(head.key)}
              onChange=${(/** @type {any} */ e) => choose(head.key, e.target.checked)} /> ${head.title}</label>`,
          )}</div></details>
      </div>
    </div>
    ${
      columns.count === 0
        ? html`<p class="nothing">No trial yet. They appear here as they are proposed.</p>`
        : rows.length === 0
          ? html`<p class="nothing">No trial fits. <button class="small" onClick=${() => clear(board)}>Show all ${columns.count.toLocaleString("en")}</button></p>`
          : html`<${Table} label="Trials" heads=${shownHeads} rows=${rows} sort=${board.sort.value}
              onSort=${(/** @type {string} */ key) => adjust({ sort: key })}
              onOpen=${(/** @type {number} */ row) => go({ sweep: place.peek().sweep, trial: row })} />`
    }
    ${columns.hidden > 0 && html`<p class="muted">${count(columns.hidden, "further metric")} not shown: a trial's own page has all.</p>`}
  </section>`;
}

/** @param {import("../board.js").Board} board */
function clear(board) {
  /** @type {Record<string, null>} */
  const changes = { filter: null };
  for (const key of Object.keys(place.peek())) if (key.startsWith("b.")) changes[key] = null;
  adjust(changes);
  board.draft.value = null;
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
    { key: "state", title: "State", width: 108, cell: (row) => html`<${State} state=${columns.stateOf(row)} />` },
    {
      key: "number", title: "#", width: 72, isRight: true, hint: "The trial's number",
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
    width: Math.min(Math.max(94, column.name.length * 8 + 34), 190),
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
