// @ts-check
/** The values of several goals, with the front (`pareto`). */
import { html, useMemo } from "../html.js";
import { number } from "../numbers.js";
import { colour } from "../theme.js";
import { Legend } from "./legend.js";
import { show } from "./page.js";
import { Pair } from "./pair.js";
import { Table, reached, tintOf } from "./table.js";

/** @param {{ runs: any[], name: string }} props */
function Picture({ runs, name }) {
  const { table, axes, none } = useMemo(() => {
    const goals = runs[0].goals;
    const first = new Table(runs, (run) => goals.map((/** @type {any} */ axis, /** @type {number} */ i) => ({ axis, values: run.values[i] })));
    const table = new Table(runs, (run) =>
      goals.map((/** @type {any} */ axis, /** @type {number} */ i) => ({ axis: reached(axis, /** @type {Float64Array} */ (first.list[i].values)), values: run.values[i] })),
    );
    return { table, axes: table.list.map((one) => table.axis(one)), none: new Float32Array(table.count).fill(Number.NaN) };
  }, [runs]);
  const pairs = runs[0].pairs;
  const said = runs.map((run) => `${run.isAlone ? "" : `${run.source.name} `}${number(run.on_front)}`).join(", ");
  return html`<div class=${pairs.length > 1 ? "many is-wide" : ""}>${pairs.map((/** @type {number[]} */ [x, y]) => html`<${Pair} key=${`${x} ${y}`} table=${table} x=${titled(axes[x])} y=${titled(axes[y])}
      merit=${none} isGoal=${true} height=${pairs.length > 1 ? 300 : 440} file=${`${name}-${axes[x].title}-${axes[y].title}`} over=${fronts(table, axes[x], axes[y], axes.length === 2)} />`)}</div>
    <${Legend} runs=${runs}><span><i class="best-line" aria-hidden="true"></i> no other trial is better in ${axes.length > 2 ? "all" : "both"} (${said})</span><//>`;
}

/** @param {any} axis */
const titled = (axis) => ({ ...axis, title: `${axis.title} (${axis.column.about.direction ?? "metric"})` });

/** @param {Table} table @param {any} x @param {any} y @param {boolean} hasSteps */
const fronts = (table, x, y, hasSteps) => (/** @type {any} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
  for (const run of table.runs) {
    const rows = [...table.all].filter((row) => table.rows[row].run === run && run.points && run.front[table.rows[row].i]);
    const at = rows.map((row) => [x.to(x.column.values[row]), y.to(y.column.values[row])]).filter(([a, b]) => a - a === 0 && b - b === 0);
    const isMaxX = x.column.about.direction === "maximize";
    at.sort((a, b) => (isMaxX ? b[0] - a[0] : a[0] - b[0])); // the best in x first
    context.strokeStyle = run.isAlone ? colour("best") : tintOf(run.place);
    context.lineWidth = 2;
    context.beginPath();
    if (hasSteps) {
      at.forEach(([a, b], i) => {
        if (i) context.lineTo(frame.px(a), frame.py(at[i - 1][1]));
        else context.moveTo(frame.px(a), frame.py(b));
        context.lineTo(frame.px(a), frame.py(b));
      });
    }
    context.stroke();
    context.lineWidth = 1.5;
    for (const [a, b] of at) {
      context.beginPath();
      context.arc(frame.px(a), frame.py(b), 5, 0, 7);
      context.stroke();
    }
  }
};

show(Picture);
