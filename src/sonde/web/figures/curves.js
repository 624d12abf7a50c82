// @ts-check
/** Learning curves, with the rungs and the stops of the stopping rule (`curves`). */
import { shape } from "../charts/points.js";
import { html, useMemo, useState } from "../html.js";
import { count, number } from "../numbers.js";
import { colour, ramp, theme } from "../theme.js";
import { Plot, range } from "../ui/plot.js";
import { Legend } from "./legend.js";
import { show } from "./page.js";
import { Table, numbersOf, reached, tintOf } from "./table.js";

const REACH = 10; // pixels

/** @param {{ figure: any, runs: any[], name: string }} props */
function Picture({ figure, runs, name }) {
  const [under, setUnder] = useState(/** @type {{ line: any, i: number } | null} */ (null));
  const { lines, x, y } = useMemo(() => {
    const table = new Table(runs, () => []);
    const merit = table.merit(figure.goal.direction === "maximize");
    const lines = table.rows.flatMap(({ run, i }, row) => {
      const { step, value, stopped } = run.lines[i];
      if (step.length === 0) return [];
      return [{ run, name: table.nameOf(row), state: run.points.state[i], steps: numbersOf(step), values: numbersOf(value), stopped, merit: merit[row] }];
    });
    lines.sort((a, b) => (a.merit || 0) - (b.merit || 0)); // the best above the others
    const all = Float64Array.from(lines.flatMap((line) => [...line.values]));
    const axis = reached(figure.goal, all);
    const steps = lines.flatMap((line) => [line.steps[0], line.steps[line.steps.length - 1]]);
    const [low, high] = steps.length ? [Math.min(...steps), Math.max(...steps)] : [0, 1];
    return { lines, x: { low, high: high > low ? high : low + 1 }, y: range([Float64Array.of(axis.low ?? 0, axis.high ?? 1)], figure.goal.log) };
  }, [runs]);
  if (lines.length === 0) return html`<p class="nothing">No trial has reported ${figure.goal.name} at any step.</p>`;
  const marked = runs.filter((run) => run.rungs.length > 0);
  const draw = (/** @type {import("../ui/plot.js").Frame} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
    for (const run of marked) rungs(frame, context, run);
    const colours = ramp();
    context.lineWidth = lines.length > 20 ? 1.2 : 1.8;
    for (const line of lines) {
      const [r, g, b] = colours(line.merit || 0);
      context.strokeStyle = !line.run.isAlone ? tintOf(line.run.place) : line.merit === line.merit ? `rgb(${r | 0},${g | 0},${b | 0})` : colour("ghost-strong");
      context.globalAlpha = line.run.isAlone ? 1 : 0.7;
      trace(frame, context, line, y);
    }
    context.globalAlpha = 1;
  };
  const over = (/** @type {import("../ui/plot.js").Frame} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
    if (!under) return;
    context.strokeStyle = colour("best");
    context.lineWidth = 2.4;
    trace(frame, context, under.line, y);
  };
  const said = under && `${under.line.name}: ${figure.goal.name} ${number(under.line.values[under.i])} at step ${number(under.line.steps[under.i], 7)}${under.line.stopped ? `; ${under.line.stopped}` : ""}`;
  return html`<${Plot} label=${`${figure.goal.name} by step of ${count(lines.length, "trial")}`} name=${name} height=${420}
      x=${{ ...x, title: "step", text: (/** @type {number} */ v) => (Number.isInteger(v) ? number(v, 7) : "") }} y=${{ ...y, title: figure.goal.name }} deps=${[lines, theme.value]} draw=${draw} over=${over}
      point=${(/** @type {any} */ frame, /** @type {number} */ left, /** @type {number} */ top) => setUnder(left < 0 ? null : closest(frame, lines, left, top))} />
    <${Legend} runs=${runs} hasRamp=${true} under=${said}>
      ${marked.length > 0 && html`<span><i class="rung-line" aria-hidden="true"></i> where the stopping rule compares</span>`}<//>`;
}

/** @param {import("../ui/plot.js").Frame} frame @param {CanvasRenderingContext2D} context @param {any} run */
function rungs(frame, context, run) {
  context.strokeStyle = run.isAlone ? colour("ghost-strong") : tintOf(run.place);
  context.lineWidth = 1;
  context.setLineDash([4, 3]);
  for (const { step } of run.rungs) {
    context.beginPath();
    context.moveTo(frame.px(step), frame.top);
    context.lineTo(frame.px(step), frame.top + frame.height);
    context.stroke();
  }
  context.setLineDash([]);
}

/** A curve, broken where it is NaN or infinite; it ends in a square where it was stopped, in a cross where it failed. @param {import("../ui/plot.js").Frame} frame @param {CanvasRenderingContext2D} context @param {any} line @param {any} y */
function trace(frame, context, { steps, values, state }, y) {
  context.beginPath();
  let isDown = false;
  values.forEach((/** @type {number} */ v, /** @type {number} */ i) => {
    const has = v - v === 0 && !(y.isLog && v <= 0);
    if (!has) isDown = false;
    else if (isDown) context.lineTo(frame.px(steps[i]), frame.py(v));
    else context.moveTo(frame.px(steps[i]), frame.py(v));
    isDown = has;
  });
  context.stroke();
  const last = values.length - 1;
  const v = values[last];
  if (v - v !== 0 || (y.isLog && v <= 0)) return;
  context.fillStyle = context.strokeStyle;
  const isMark = state === "stopped" || state === "failed" || last === 0;
  if (isMark) shape(context, state, frame.px(steps[last]), Math.min(Math.max(frame.py(v), frame.top), frame.top + frame.height), 3.2);
}

/** The point of a curve that is nearest to the pointer. @param {import("../ui/plot.js").Frame} frame @param {any[]} lines @param {number} left @param {number} top */
function closest(frame, lines, left, top) {
  let least = REACH * REACH;
  let found = null;
  for (const line of lines) {
    for (let i = 0; i < line.steps.length; i++) {
      const [dx, dy] = [frame.px(line.steps[i]) - left, frame.py(line.values[i]) - top];
      if (dx * dx + dy * dy < least) {
        least = dx * dx + dy * dy;
        found = { line, i };
      }
    }
  }
  return found;
}

show(Picture);
