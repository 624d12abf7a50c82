// @ts-check
/** Some trials side by side: what differs between them. */
import { adjust, href, part, place } from "../address.js";
import { present, valueOf } from "../columns.js";
import { html, useEffect, useState } from "../html.js";
import { count, duration, full, number, shown } from "../numbers.js";
import { State } from "../ui/state.js";
import { CurvePlot, fetchCurves } from "./curves.js";
import { MOST, chosenRows } from "./marked.js";

const chosen = part("sel");
const wholly = part("all");

/** @param {{ board: import("../board.js").Board }} props */
export function Compare({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  board.version.value;
  const rows = chosenRows(columns, chosen.value);
  if (rows.length < 2)
    return html`<section class="panel"><h2>Compare</h2><p class="nothing">Choose two trials or more in the table, by the boxes at its left or with the key <kbd>x</kbd>; ${MOST} at most.</p></section>`;
  const isWhole = wholly.value === "1";
  const groups = [
    { title: "Results", lines: [...columns.goals, ...columns.role("bound"), ...columns.role("metric")].map((column) => lineOf(column, rows)) },
    { title: "Parameters", lines: columns.role("param").map((column) => lineOf(column, rows)) },
    { title: "Run", lines: metaLines(columns, rows) },
  ].map(({ title, lines }) => ({ title, lines: isWhole ? lines : lines.filter((line) => line.differs), alike: lines.filter((line) => !line.differs).length }));
  const alike = groups.reduce((sum, group) => sum + group.alike, 0);
  return html`<section class="panel">
      <div class="panel-head"><h2>Compare ${count(rows.length, "trial")}</h2>
        <div class="choices"><label><input type="checkbox" checked=${!isWhole} onChange=${(/** @type {any} */ e) => adjust({ all: e.target.checked ? null : 1 })} /> differences only${!isWhole && alike ? ` (${alike} alike not shown)` : ""}</label></div></div>
      <div class="scroll" tabindex="0" role="region" aria-label="Trials side by side"><table class="plain-table compare">
        <thead><tr><th scope="col"><span class="sr">What</span></th>${rows.map(
          (row) => html`<th key=${row} scope="col" class="right"><a href=${href({ sweep: place.value.sweep, trial: row })}>#${row}</a>
            <button class="link aside" aria-label=${`Leave out #${row}`} onClick=${() => adjust({ sel: rows.filter((other) => other !== row).join() })}>×</button><br /><${State} state=${columns.stateOf(row)} /></th>`,
        )}</tr></thead>
        ${groups.map(
          ({ title, lines }) => lines.length > 0 && html`<tbody key=${title}><tr class="group"><th scope="rowgroup" colspan=${rows.length + 1}>${title}</th></tr>
            ${lines.map(
              (line) => html`<tr key=${line.key}><th scope="row" title=${line.hint}>${line.name}</th>${line.cells.map(
                (cell, i) => html`<td key=${rows[i]} class=${i === line.best ? "right num is-best" : "right num"} title=${cell.full}>${cell.text}${i === line.best ? html`<span class="sr"> the best</span>` : null}</td>`,
              )}</tr>`,
            )}</tbody>`,
        )}
      </table></div>
      ${groups.every(({ lines }) => lines.length === 0) && html`<p class="nothing">They are alike in everything.</p>`}
    </section>
    <${Together} board=${board} rows=${rows} />`;
}

/** Their curves in one chart. @param {{ board: import("../board.js").Board, rows: number[] }} props */
function Together({ board, rows }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const name = (columns.goals[0] ?? columns.role("metric")[0])?.name;
  const [curves, setCurves] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let isOver = false;
    if (name) fetchCurves(columns.sweep, name, rows, 2000).then((found) => !isOver && setCurves(found), () => {});
    return () => {
      isOver = true;
    };
  }, [name, rows.join(), board.version.value]);
  if (!curves || curves.starts.length - 1 >= curves.steps.length) return null;
  const isFew = curves.trials.length <= 8;
  return html`<section class="panel"><h2>Learning curves</h2>
    <${CurvePlot} curves=${curves} name=${name} file=${`${board.detail.peek().name}-compared`} stateOf=${(/** @type {number} */ row) => columns.stateOf(row)}
      isMax=${columns.byKey.get(`m.${name}`)?.about.direction === "maximize"} named=${isFew} /></section>`;
}

/** @param {import("../columns.js").Column} column @param {number[]} rows */
function lineOf(column, rows) {
  const values = rows.map((row) => valueOf(column, row));
  const cells = rows.map((row, i) => {
    if (!present(column, row)) return { text: "–", full: "missing" };
    const text = column.kind === "number" && !(column.about.whole && Number.isInteger(values[i])) ? number(values[i]) : shown(values[i]);
    return { text, full: full(values[i]) };
  });
  let best = -1;
  if (column.role === "goal") {
    const sign = column.about.direction === "maximize" ? -1 : 1;
    values.forEach((value, i) => {
      if (typeof value === "number" && Number.isFinite(value) && (best < 0 || sign * value < sign * values[best])) best = i;
    });
  }
  const hint = [column.about.text, column.about.when && `when ${column.about.when}`].filter(Boolean).join(", ");
  return { key: column.key, name: column.name, hint, cells, best, differs: new Set(cells.map((cell) => cell.full)).size > 1 };
}

/** @param {import("../columns.js").Columns} columns @param {number[]} rows */
function metaLines(columns, rows) {
  const plain = (/** @type {string} */ key, /** @type {string} */ name, /** @type {(row: number) => string} */ of) => {
    const cells = rows.map((row) => ({ text: of(row), full: of(row) }));
    return { key, name, hint: "", cells, best: -1, differs: new Set(cells.map((cell) => cell.full)).size > 1 };
  };
  const text = (/** @type {string} */ key) => (/** @type {number} */ row) => {
    const column = columns.byKey.get(key);
    const value = column && valueOf(column, row);
    return value === undefined ? "–" : String(value);
  };
  return [
    plain("took", "took", (row) => duration(columns.took(row))),
    plain("attempts", "attempts", (row) => String(columns.attempts[row])),
    plain("origin", "origin", text("origin")),
    plain("error", "failure", text("error")),
  ];
}
