// @ts-check
/** The history of a sweep: every result, and the best so far. */
import { adjust, go, place } from "../address.js";
import { isSkewed } from "../charts/axis.js";
import { nearest, points } from "../charts/history.js";
import { html, useMemo, useState } from "../html.js";
import { count, duration, number } from "../numbers.js";
import { colour } from "../theme.js";
import { Plot, range } from "../ui/plot.js";
import { Shape } from "../ui/state.js";

/** @param {{ board: import("../board.js").Board }} props */
export function History({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const version = board.version.value;
  const rows = board.filtered.value;
  const chosen = board.chosen.value;
  const [under, setUnder] = useState(-1);
  const goals = columns.goals;
  const goal = goals.find((column) => column.name === place.value.goal) ?? goals[0];
  const byTime = place.value.x === "time";
  const found = useMemo(() => (goal ? points(columns, goal, rows, byTime) : null), [version, rows, goal?.key, byTime]);
  const isChosen = useMemo(() => {
    const mask = new Uint8Array(columns.count);
    for (const row of chosen) mask[row] = 1;
    return mask;
  }, [chosen, version]);
  if (!goal || !found) {
    return html`<section class="panel"><h2>History</h2><p class="muted">This sweep has no metric, so there is nothing to compare.
      <code>--metric NAME:min</code> gives it one.</p></section>`;
  }
  const low = found.ys.length ? Math.min(...sample(found.ys)) : 0;
  const skewed = low > 0 && isSkewed(goal, found.ys.reduce((a, b) => Math.max(a, b), 0));
  const isLog = place.value.y ? place.value.y === "log" && low > 0 : skewed;
  const y = range([found.ys], isLog);
  const lastX = found.xs.length ? found.xs[found.xs.length - 1] : 1;
  const x = byTime
    ? { low: 0, high: lastX || 1, text: duration }
    : { low: -0.5, high: Math.max(columns.count - 0.5, 1), text: (/** @type {number} */ v) => (Number.isInteger(v) ? number(v, 7) : "") };
  const hovered = under >= 0 && under < found.rows.length ? found.rows[under] : -1;
  return html`<section class="panel">
    <div class="panel-head"><h2>History</h2>
      <div class="choices">
        ${goals.length > 1 && html`<label>Metric <select value=${goal.name} onChange=${(/** @type {any} */ e) => adjust({ goal: e.target.value })}>
          ${goals.map((g) => html`<option key=${g.name} value=${g.name} selected=${g === goal}>${g.name}</option>`)}</select></label>`}
        <label>Over <select value=${byTime ? "time" : "number"} onChange=${(/** @type {any} */ e) => adjust({ x: e.target.value === "time" ? "time" : null })}>
          <option value="number" selected=${!byTime}>trials</option><option value="time" selected=${byTime}>time</option></select></label>
        <label><input type="checkbox" checked=${isLog} disabled=${!(low > 0)}
          onChange=${(/** @type {any} */ e) => adjust({ y: e.target.checked ? "log" : "linear" })} /> log</label>
      </div></div>
    ${
      found.rows.length === 0
        ? html`<p class="nothing">No trial has reported ${goal.name} yet.</p>`
        : html`<${Plot}
            label=${`${goal.name} of ${count(found.rows.length, "trial")}; the best so far is ${number(found.best[found.best.length - 1])}`}
            x=${x} y=${y}
            draw=${(/** @type {any} */ plot, /** @type {any} */ context) => draw(plot, context, columns, found, isChosen, under)}
            point=${(/** @type {any} */ plot, /** @type {number} */ left, /** @type {number} */ top) =>
              setUnder(left < 0 ? -1 : nearest(found, (v) => plot.valToPos(v, "x"), (v) => plot.valToPos(v, "y"), left, top))}
            press=${() => hovered >= 0 && go({ sweep: place.peek().sweep, trial: hovered })}
          />`
    }
    <p class="legend">
      <span><${Shape} state="done" /> done</span><span><${Shape} state="stopped" /> stopped early</span>
      <span><${Shape} state="running" /> running</span><span><i class="best-line" aria-hidden="true"></i> best so far</span>
      <span class="under">${
        hovered >= 0
          ? `#${hovered} ${columns.stateOf(hovered)} ${goal.name} ${number(goal.values[hovered])}`
          : found.without > 0
            ? `${count(found.without, "trial")} without a number not drawn`
            : ""
      }</span></p>
  </section>`;
}

/** @param {Float64Array} values at most 100,000 would overflow the stack as arguments */
const sample = (values) => [values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)];

const SIZE = 2.6;

/** Draw points: at most one of a state and choice in a pixel, as more would not be seen. */
function draw(
  /** @type {any} */ plot, /** @type {CanvasRenderingContext2D} */ context, /** @type {any} */ columns,
  /** @type {import("../charts/history.js").Points} */ found, /** @type {Uint8Array} */ isChosen, /** @type {number} */ under,
) {
  const ratio = devicePixelRatio || 1;
  const size = SIZE * ratio * (found.rows.length > 3000 ? 0.6 : 1);
  const { left, top, width, height } = plot.bbox;
  const px = linear(plot, "x");
  const py = linear(plot, "y");
  const seen = new Uint8Array((width + 1) * (height + 1));
  const stopped = columns.states.indexOf("stopped");
  const running = columns.states.indexOf("running");
  for (const pass of [0, 1]) {
    context.fillStyle = pass ? colour("point") : colour("ghost");
    context.globalAlpha = pass && found.rows.length > 3000 ? 0.75 : 1;
    for (let i = 0; i < found.rows.length; i++) {
      const row = found.rows[i];
      if (isChosen[row] !== pass) continue;
      const x = px(found.xs[i]);
      const y = py(found.ys[i]);
      const pixel = Math.round(y - top) * (width + 1) + Math.round(x - left);
      if (seen[pixel] === pass + 1) continue;
      seen[pixel] = pass + 1;
      const state = columns.state[row];
      if (state === stopped) context.fillRect(x - size * 0.8, y - size * 0.8, size * 1.6, size * 1.6);
      else if (state === running) {
        context.beginPath();
        context.moveTo(x - size, y - size);
        context.lineTo(x + size, y);
        context.lineTo(x - size, y + size);
        context.fill();
      } else {
        context.beginPath();
        context.arc(x, y, size, 0, 7);
        context.fill();
      }
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = colour("best");
  context.lineWidth = 2 * ratio;
  context.beginPath();
  let last = Number.NaN;
  for (let i = 0; i < found.rows.length; i++) {
    const b = found.best[i];
    if (b === last || Number.isNaN(b)) continue;
    const x = px(found.xs[i]);
    if (Number.isNaN(last)) context.moveTo(x, py(b));
    else {
      context.lineTo(x, py(last));
      context.lineTo(x, py(b));
    }
    last = b;
  }
  if (!Number.isNaN(last)) context.lineTo(left + width, py(last));
  context.stroke();
  if (under >= 0 && under < found.rows.length) {
    context.beginPath();
    context.arc(px(found.xs[under]), py(found.ys[under]), 3 * size, 0, 7);
    context.stroke();
  }
}

/** A scale as a function without the checks of `valToPos`, for many points. @param {any} plot @param {"x" | "y"} key */
function linear(plot, key) {
  const scale = plot.scales[key];
  const isLog = scale.distr === 3;
  const f = isLog ? Math.log : (/** @type {number} */ v) => v;
  const [a, b] = [f(scale.min), f(scale.max)];
  const { left, top, width, height } = plot.bbox;
  if (key === "x") return (/** @type {number} */ v) => left + ((f(v) - a) / (b - a)) * width;
  return (/** @type {number} */ v) => top + (1 - (f(v) - a) / (b - a)) * height;
}
