// @ts-check
/** Every value and the best so far, over the trials, the time or what was spent (`history`). */
import { nearest } from "../charts/history.js";
import { drawRing, shape } from "../charts/points.js";
import { html, useMemo, useState } from "../html.js";
import { count, duration, number } from "../numbers.js";
import { colour, theme } from "../theme.js";
import { Plot, range } from "../ui/plot.js";
import { Legend } from "./legend.js";
import { show } from "./page.js";
import { Table, numbersOf, reached, tintOf } from "./table.js";

const TITLES = { trial: "trial", time: "since the first trial began", cost: "time of all trials together" };

/** @param {{ figure: any, runs: any[], name: string }} props */
function Picture({ figure, runs, name }) {
  const [under, setUnder] = useState(-1);
  const { table, found, y, beyond } = useMemo(() => {
    const table = new Table(runs, () => []);
    const axis = reached(figure.goal, table.goal);
    const isMax = figure.goal.direction === "maximize";
    const y = range([Float64Array.of(axis.low ?? 0, axis.high ?? 1)], figure.goal.log);
    const edge = isMax ? y.low : y.high;
    const has = (/** @type {number} */ v) => v >= axis.low && v <= axis.high;
    const xs = numbersOf(table.rows.map(({ run, i }) => run.at[i]));
    const ys = table.goal.map((v) => (has(v) ? v : edge));
    return { table, found: { rows: table.all, xs, ys }, y, beyond: [...table.goal].filter((v) => !has(v)).length };
  }, [runs]);
  const end = Math.max(...runs.map((run) => run.end), 0);
  const isTrial = figure.over === "trial";
  const x = isTrial
    ? { low: -0.5, high: Math.max(end + 0.5, 1), text: (/** @type {number} */ v) => (Number.isInteger(v) ? number(v, 7) : "") }
    : { low: 0, high: end || 1, text: duration };
  const draw = (/** @type {import("../ui/plot.js").Frame} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
    for (let row = 0; row < table.count; row++) {
      const { run, i } = table.rows[row];
      context.fillStyle = run.isAlone ? colour("point") : tintOf(run.place);
      const [px, py] = [frame.px(found.xs[row]), frame.py(found.ys[row])];
      if (run.points.feasible[i]) shape(context, run.points.state[i], px, py);
      else ring(context, px, py);
    }
    for (const run of runs) stairs(frame, context, run, run.isAlone ? colour("best") : tintOf(run.place));
  };
  const hovered = under >= 0 && under < table.count;
  const hasRings = runs.some((run) => run.points.feasible.includes(false));
  return html`<${Plot} label=${`${figure.goal.name} of ${count(table.count, "trial")}`} name=${name} height=${420}
      x=${{ ...x, title: TITLES[/** @type {keyof typeof TITLES} */ (figure.over)] }} y=${{ ...y, title: figure.goal.name }} deps=${[found, theme.value]} draw=${draw}
      over=${(/** @type {any} */ frame, /** @type {any} */ context) => hovered && drawRing(frame, context, /** @type {any} */ (found), under)}
      point=${(/** @type {any} */ frame, /** @type {number} */ left, /** @type {number} */ top) => setUnder(left < 0 ? -1 : nearest(/** @type {any} */ (found), frame.px, frame.py, left, top))} />
    <${Legend} runs=${runs} under=${hovered ? `${table.nameOf(under)} ${figure.goal.name} ${valueText(table, under)}` : ""}>
      <span><i class="best-line" aria-hidden="true"></i> best so far</span>
      ${beyond > 0 && html`<span>${beyond.toLocaleString("en")} on the edge: far beyond it, or without a value</span>`}
      ${hasRings && html`<span>ring: breaks a constraint</span>`}<//>`;
}

/** @param {Table} table @param {number} row */
function valueText(table, row) {
  const { run, i } = table.rows[row];
  return number(run.points.value[i]);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y */
function ring(context, x, y) {
  context.strokeStyle = context.fillStyle;
  context.lineWidth = 1.2;
  context.beginPath();
  context.arc(x, y, 2.6, 0, 7);
  context.stroke();
}

/** @param {import("../ui/plot.js").Frame} frame @param {CanvasRenderingContext2D} context @param {any} run @param {string} paint */
function stairs(frame, context, run, paint) {
  const [at, value] = [numbersOf(run.best.at), numbersOf(run.best.value)];
  if (at.length === 0) return;
  context.strokeStyle = paint;
  context.lineWidth = 2;
  context.beginPath();
  at.forEach((x, i) => {
    if (i) context.lineTo(frame.px(x), frame.py(value[i - 1]));
    else context.moveTo(frame.px(x), frame.py(value[i]));
    context.lineTo(frame.px(x), frame.py(value[i]));
  });
  context.lineTo(frame.px(Math.max(run.end, at[at.length - 1])), frame.py(value[value.length - 1]));
  context.stroke();
}

show(Picture);
