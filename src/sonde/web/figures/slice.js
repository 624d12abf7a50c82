// @ts-check
/** The goal over each parameter, with the quartiles of what was found there (`slice`). */
import { html, useMemo } from "../html.js";
import { colour } from "../theme.js";
import { Legend } from "./legend.js";
import { show } from "./page.js";
import { Pair } from "./pair.js";
import { Table, numbersOf, reached, tintOf } from "./table.js";

/** @param {{ runs: any[], name: string }} props */
function Picture({ runs, name }) {
  const { table, beyond, x, y, merit } = useMemo(() => {
    const table = new Table(runs, (run) => run.columns);
    const goal = runs[0].goal;
    const column = { ...new Table(runs, (run) => [{ axis: reached(goal, table.goal), values: run.points.value }]).list[0] };
    const beyond = [...table.goal].filter((v) => !(v >= column.about.low && v <= column.about.high)).length;
    return { table, beyond, x: table.list.map((one) => table.axis(one)), y: table.axis(column), merit: table.merit(goal.direction === "maximize") };
  }, [runs]);
  return html`<div class="many">${x.map((/** @type {import("../charts/axis.js").Axis} */ axis) => html`<${Pair} key=${axis.key} table=${table} x=${axis} y=${y} merit=${merit} isGoal=${true} height=${260}
      file=${`${name}-${axis.title}`} behind=${trends(runs, axis, y)} over=${medians(runs, axis, y)} />`)}</div>
    <${Legend} runs=${runs} hasRamp=${true}><span><i class="best-line" aria-hidden="true"></i> median, and from quartile to quartile</span>
      ${beyond > 0 && html`<span>${beyond.toLocaleString("en")} on the edge: far beyond it, or without a value</span>`}<//>`;
}

/** The trend of each sweep on an axis, as places. @param {any[]} runs @param {any} x @param {any} y */
function trendsOn(runs, x, y) {
  return runs.flatMap((run) => {
    const place = run.columns.findIndex((/** @type {any} */ one) => one.axis.name === x.title);
    if (place < 0) return [];
    const trend = run.trends[place];
    const on = (/** @type {any[]} */ list) => [...numbersOf(list)].map((v) => Math.min(Math.max(y.to(v), -0.04), 1.04));
    const paint = () => (run.isAlone ? { band: colour("ghost"), line: colour("best") } : { band: tintOf(run.place), line: tintOf(run.place) });
    return [{ paint, at: [...numbersOf(trend.at)].map(x.to), low: on(trend.low), middle: on(trend.middle), high: on(trend.high), half: x.isWords ? 0.35 / x.column.words.length : 0 }];
  });
}

/** @param {any[]} runs @param {any} x @param {any} y */
const trends = (runs, x, y) => (/** @type {any} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
  for (const { paint, at, low, high, half } of trendsOn(runs, x, y)) {
    context.fillStyle = paint().band;
    context.globalAlpha = runs.length > 1 ? 0.18 : 0.45;
    if (half) {
      at.forEach((t, i) => context.fillRect(frame.px(t - half), frame.py(high[i]), frame.px(t + half) - frame.px(t - half), frame.py(low[i]) - frame.py(high[i])));
    } else if (at.length > 1) {
      context.beginPath();
      at.forEach((t, i) => (i ? context.lineTo(frame.px(t), frame.py(low[i])) : context.moveTo(frame.px(t), frame.py(low[i]))));
      for (let i = at.length - 1; i >= 0; i--) context.lineTo(frame.px(at[i]), frame.py(high[i]));
      context.closePath();
      context.fill();
    }
    context.globalAlpha = 1;
  }
};

/** @param {any[]} runs @param {any} x @param {any} y */
const medians = (runs, x, y) => (/** @type {any} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
  for (const { paint, at, middle, half } of trendsOn(runs, x, y)) {
    context.strokeStyle = paint().line;
    context.lineWidth = 2;
    context.beginPath();
    if (half) {
      at.forEach((t, i) => {
        context.moveTo(frame.px(t - half), frame.py(middle[i]));
        context.lineTo(frame.px(t + half), frame.py(middle[i]));
      });
    } else if (at.length > 1) at.forEach((t, i) => (i ? context.lineTo(frame.px(t), frame.py(middle[i])) : context.moveTo(frame.px(t), frame.py(middle[i]))));
    context.stroke();
  }
};

show(Picture);
