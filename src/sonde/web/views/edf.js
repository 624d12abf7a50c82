// @ts-check
/** How many of the results are at most so large: of all trials, and of those that are shown. */
import { part } from "../address.js";
import { axisOf } from "../charts/axis.js";
import { scaleOf } from "../charts/cloud.js";
import { resultsOf } from "../charts/results.js";
import { html, useMemo, useState } from "../html.js";
import { count, number } from "../numbers.js";
import { colour } from "../theme.js";
import { Plot } from "../ui/plot.js";

const chosenGoal = part("goal");

/** @param {{ board: import("../board.js").Board }} props */
export function Edf({ board }) {
  const { columns, rows, all: every, one } = board.pictured.value;
  const version = board.drawn.value;
  const [at, setAt] = useState(Number.NaN);
  const goal = columns.goals.find((column) => column.name === chosenGoal.value) ?? columns.goals[0];
  const axis = useMemo(() => goal && axisOf(columns, goal), [version, goal]);
  const all = useMemo(() => (goal ? resultsOf(columns, goal, every) : new Float64Array(0)), [version, every, goal]);
  const some = useMemo(() => (goal ? resultsOf(columns, goal, rows) : all), [version, rows, goal]);
  if (!goal || !axis) return html`<p class="nothing panel">This sweep has no metric to be made better.</p>`;
  if (all.length === 0) return html`<p class="nothing panel">No trial has ended with a result yet.</p>`;
  const isNarrowed = board.isNarrowed;
  const draw = (/** @type {import("../ui/plot.js").Frame} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
    if (isNarrowed) stairs(frame, context, axis, all, colour("ghost-strong"));
    stairs(frame, context, axis, some, colour("point"));
  };
  const value = axis.from(at);
  const share = (/** @type {Float64Array} */ list) => list.filter((v) => v <= value).length / Math.max(list.length, 1);
  return html`<section class="panel"><h2>Share of the results up to each ${goal.name}</h2>
    <${Plot} label=${`Of ${count(some.length, "result")} of ${goal.name}, how many are at most so large`} name=${`${board.detail.peek().name}-edf`} height=${360}
      x=${scaleOf(axis)} y=${{ low: 0, high: 1.02, title: `share of the ${one}s`, text: (/** @type {number} */ v) => `${Math.round(v * 100)} %` }}
      deps=${[all, some, isNarrowed]} draw=${draw}
      point=${(/** @type {any} */ frame, /** @type {number} */ left) => setAt(left < 0 ? Number.NaN : ((left - frame.left) / frame.width) * 1.08 - 0.04)} />
    <p class="legend"><span><i class="point-line" aria-hidden="true"></i> ${isNarrowed ? `the ${one}s shown` : `all ${one}s with a result`}</span>
      ${isNarrowed && html`<span><i class="ghost-line" aria-hidden="true"></i> all ${one}s</span>`}
      <span class="under">${at === at ? `${Math.round(100 * share(some))} % are at most ${number(value, 4)}` : ""}</span></p></section>`;
}

/** @param {import("../ui/plot.js").Frame} frame @param {CanvasRenderingContext2D} context @param {import("../charts/axis.js").Axis} axis @param {Float64Array} values @param {string} paint */
function stairs(frame, context, axis, values, paint) {
  context.strokeStyle = paint;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(frame.left, frame.py(0));
  const step = Math.max(1, Math.floor(values.length / 2000));
  for (let i = 0; i < values.length; i += step) {
    const x = frame.px(axis.to(values[i]));
    context.lineTo(x, frame.py(i / values.length));
    context.lineTo(x, frame.py((i + 1) / values.length));
  }
  context.lineTo(frame.left + frame.width, frame.py(values.length ? 1 : 0));
  context.stroke();
}
