// @ts-check
/** Learning curves of some trials: the best ones, those that run, or the chosen ones. */
import { getBlock } from "../api.js";
import { html, useEffect, useMemo, useState } from "../html.js";
import { count, number } from "../numbers.js";
import { colour, ramp } from "../theme.js";
import { Plot, range } from "../ui/plot.js";
import { Shape } from "../ui/state.js";

const MOST = 40;
const LATER_MS = 700; // after the last change: curves of a live sweep are not fetched all the time

/** @typedef {{ trials: Uint32Array, starts: Uint32Array, steps: Float64Array, values: Float64Array }} Curves */

/** @param {string} sweep @param {string} metric @param {number[]} trials @returns {Promise<Curves>} */
export async function fetchCurves(sweep, metric, trials) {
  const { arrays } = await getBlock("curves", { sweep, metric, trials: trials.join(), points: 200 });
  return /** @type {any} */ (Object.fromEntries(arrays));
}

/** @param {{ board: import("../board.js").Board }} props */
export function Curves({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const version = board.version.value;
  const isBrushed = board.brushes.value.size > 0 || board.filterText.value !== "";
  const metrics = [...columns.goals, ...columns.role("bound"), ...columns.role("metric")].map((c) => c.name);
  const [metric, setMetric] = useState(metrics[0] ?? "");
  const name = metrics.includes(metric) ? metric : (metrics[0] ?? "");
  const ordered = board.ordered.value;
  const wanted = useMemo(() => pick(columns, ordered), [version, ordered]);
  const [curves, setCurves] = useState(/** @type {Curves | null} */ (null));
  useEffect(() => {
    if (!name || wanted.length === 0) {
      setCurves(null);
      return undefined;
    }
    let isOver = false;
    const timer = setTimeout(
      () =>
        fetchCurves(columns.sweep, name, wanted).then(
          (found) => !isOver && setCurves(found),
          () => {}, // the banner says that the server is away
        ),
      curves ? LATER_MS : 0,
    );
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [name, wanted.join(), version]);
  if (metrics.length === 0) return null;
  if (curves && curves.starts.length - 1 === curves.steps.length && wanted.length > 0) return null;
  const hasCurves = curves && curves.starts.length - 1 < curves.steps.length;
  return html`<section class="panel">
    <div class="panel-head"><h2>Learning curves</h2>
      <div class="choices">
        ${metrics.length > 1 && html`<label>Metric <select value=${name} onChange=${(/** @type {any} */ e) => setMetric(e.target.value)}>
          ${metrics.map((m) => html`<option key=${m} value=${m} selected=${m === name}>${m}</option>`)}</select></label>`}
      </div></div>
    ${
      hasCurves
        ? html`<${CurvePlot} curves=${curves} name=${name} stateOf=${(/** @type {number} */ trial) => columns.stateOf(trial)} isMax=${columns.byKey.get(`m.${name}`)?.about.direction === "maximize"} />
          <p class="legend"><span>${count(curves.trials.length, "curve")}: the first of the table${isBrushed ? ", as it is narrowed," : ""} and those that run</span>
          <span><${Shape} state="stopped" /> stopped</span><span><${Shape} state="failed" /> failed</span>
          <span><i class="ramp" aria-hidden="true"></i> worse to better</span></p>`
        : html`<p class="nothing">${wanted.length === 0 ? "No trial has begun yet." : "Reading curves…"}</p>`
    }
  </section>`;
}

/** The first rows of the table that have begun, and the running ones. @param {any} columns @param {Uint32Array} ordered */
function pick(columns, ordered) {
  const found = new Set();
  const running = columns.states.indexOf("running");
  for (let i = 0; i < ordered.length && found.size < MOST; i++) if (columns.attempts[ordered[i]]) found.add(ordered[i]);
  let more = 0;
  for (let row = columns.count - 1; row >= 0 && more < MOST; row--) {
    if (columns.state[row] === running && !found.has(row)) {
      found.add(row);
      more++;
    }
  }
  return [...found].sort((a, b) => a - b);
}

/**
 * @param {{ curves: Curves, name: string, isMax?: boolean, height?: number, stateOf: (trial: number) => string }} props
 */
export function CurvePlot({ curves, name, isMax = false, height, stateOf }) {
  const { starts, steps, values } = curves;
  const low = values.reduce((a, v) => (v - v === 0 ? Math.min(a, v) : a), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, v) => (v - v === 0 ? Math.max(a, v) : a), Number.NEGATIVE_INFINITY);
  const isLog = low > 0 && high / low > 50;
  const last = steps.reduce((a, v) => Math.max(a, v), 0);
  const first = steps.reduce((a, v) => Math.min(a, v), last);
  const x = { low: first, high: last > first ? last : first + 1, text: (/** @type {number} */ v) => (Number.isInteger(v) ? number(v, 7) : "") };
  const draw = (/** @type {any} */ plot, /** @type {CanvasRenderingContext2D} */ context) => {
    const colours = ramp();
    const n = curves.trials.length;
    const ends = Array.from({ length: n }, (_, i) => values[starts[i + 1] - 1]);
    const order = [...ends.keys()].sort((a, b) => (isMax ? ends[a] - ends[b] : ends[b] - ends[a]) || 0);
    context.lineWidth = (n > 20 ? 1.2 : 1.8) * (devicePixelRatio || 1);
    order.forEach((i, rank) => {
      if (n === 1) context.strokeStyle = colour("accent");
      else {
        const [r, g, b] = colours(n > 1 ? rank / (n - 1) : 1);
        context.strokeStyle = `rgb(${r},${g},${b})`;
      }
      context.beginPath();
      let isDown = false;
      for (let at = starts[i]; at < starts[i + 1]; at++) {
        const v = values[at];
        if (v - v !== 0 || (isLog && v <= 0)) {
          isDown = false; // broken where it is NaN or infinite
          continue;
        }
        const [px, py] = [plot.valToPos(steps[at], "x", true), plot.valToPos(v, "y", true)];
        if (isDown) context.lineTo(px, py);
        else context.moveTo(px, py);
        isDown = true;
      }
      context.stroke();
      markEnd(plot, context, steps[starts[i + 1] - 1], values[starts[i + 1] - 1], stateOf(curves.trials[i]));
    });
  };
  return html`<${Plot} label=${`${name} by step of ${count(curves.trials.length, "trial")}`} x=${x} y=${range([values], isLog)} height=${height} draw=${draw} />`;
}

/** A curve that was stopped ends in a square, one that failed in a cross. */
function markEnd(
  /** @type {any} */ plot, /** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ step,
  /** @type {number} */ value, /** @type {string} */ state,
) {
  if (value - value !== 0 || (state !== "stopped" && state !== "failed")) return;
  const [x, y] = [plot.valToPos(step, "x", true), plot.valToPos(value, "y", true)];
  const size = 2.8 * (devicePixelRatio || 1);
  context.fillStyle = context.strokeStyle;
  context.beginPath();
  if (state === "stopped") context.fillRect(x - size, y - size, 2 * size, 2 * size);
  else {
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x - size, y + size);
    context.lineTo(x + size, y - size);
    context.stroke();
  }
}
