// @ts-check
/** The history of a sweep: every result, and the best so far. */
import { adjust, go, part, place } from "../address.js";
import { isSkewed } from "../charts/axis.js";
import { nearest, points } from "../charts/history.js";
import { html, useMemo, useState } from "../html.js";
import { count, duration, number } from "../numbers.js";
import { colour, rgb } from "../theme.js";
import { Plot, range } from "../ui/plot.js";
import { Shape } from "../ui/state.js";

const chosenGoal = part("goal");
const chosenX = part("x");
const chosenY = part("y");

/** @param {{ board: import("../board.js").Board }} props */
export function History({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const version = board.version.value;
  const rows = board.filtered.value;
  const chosen = board.chosen.value;
  const [under, setUnder] = useState(-1);
  const goals = columns.goals;
  const goal = goals.find((column) => column.name === chosenGoal.value) ?? goals[0];
  const other = goals.find((column) => column !== goal && column.key === chosenX.value);
  const byTime = chosenX.value === "time";
  const over = other ?? (byTime ? "time" : "number");
  const found = useMemo(() => (goal ? points(columns, goal, rows, over) : null), [version, rows, goal?.key, chosenX.value]);
  const reach = useMemo(() => reachOf(found, goal), [found]);
  const isChosen = useMemo(() => {
    const mask = new Uint8Array(columns.count);
    for (const row of chosen) mask[row] = 1;
    return mask;
  }, [chosen, version]);
  if (!goal || !found) {
    return html`<section class="panel"><h2>History</h2><p class="muted">This sweep has no metric, so there is nothing to compare.
      <code>--metric NAME:min</code> gives it one.</p></section>`;
  }
  const { low, skewed } = reach;
  const isLog = chosenY.value ? chosenY.value === "log" && low > 0 : skewed;
  const y = isLog ? reach.log : reach.linear;
  const lastX = found.xs.length ? found.xs[found.xs.length - 1] : 1;
  const x = other
    ? range([found.xs], found.xs.length > 0 && found.xs[0] > 0 && isSkewed(other, lastX))
    : byTime
    ? { low: 0, high: lastX || 1, text: duration }
    : { low: -0.5, high: Math.max(columns.count - 0.5, 1), text: (/** @type {number} */ v) => (Number.isInteger(v) ? number(v, 7) : "") };
  const hovered = under >= 0 && under < found.rows.length ? found.rows[under] : -1;
  return html`<section class="panel">
    <div class="panel-head"><h2>History</h2>
      <div class="choices">
        ${goals.length > 1 && html`<label>Metric <select value=${goal.name} onChange=${(/** @type {any} */ e) => adjust({ goal: e.target.value })}>
          ${goals.map((g) => html`<option key=${g.name} value=${g.name} selected=${g === goal}>${g.name}</option>`)}</select></label>`}
        <label>Over <select value=${other ? other.key : over} onChange=${(/** @type {any} */ e) => adjust({ x: e.target.value === "number" ? null : e.target.value })}>
          <option value="number" selected=${over === "number"}>trials</option><option value="time" selected=${byTime}>time</option>
          ${goals.filter((g) => g !== goal).map((g) => html`<option key=${g.key} value=${g.key} selected=${g === other}>${g.name}</option>`)}</select></label>
        <label><input type="checkbox" checked=${isLog} disabled=${!(low > 0)}
          onChange=${(/** @type {any} */ e) => adjust({ y: e.target.checked ? "log" : "linear" })} /> log</label>
      </div></div>
    ${
      found.rows.length === 0
        ? html`<p class="nothing">No trial has reported ${goal.name} yet.</p>`
        : html`<${Plot}
            label=${labelOf(found, goal.name, other?.name)}
            x=${x} y=${y}
            draw=${(/** @type {any} */ plot, /** @type {any} */ context) => draw(plot, context, columns, found, isChosen, under)}
            point=${(/** @type {any} */ plot, /** @type {number} */ left, /** @type {number} */ top) =>
              setUnder(left < 0 ? -1 : nearest(found, (v) => plot.valToPos(v, "x"), (v) => plot.valToPos(v, "y"), left, top))}
            press=${() => hovered >= 0 && go({ sweep: place.peek().sweep, trial: hovered })}
          />`
    }
    <p class="legend">
      <span><${Shape} state="done" /> done</span><span><${Shape} state="stopped" /> stopped early</span>
      <span><${Shape} state="running" /> running</span><span><i class="best-line" aria-hidden="true"></i> ${other ? "none is better in both" : "best so far"}</span>
      <span class="under">${
        hovered >= 0
          ? `#${hovered} ${columns.stateOf(hovered)} ${goal.name} ${number(goal.values[hovered])}`
          : found.without > 0
            ? `${count(found.without, "trial")} without a number not drawn`
            : ""
      }</span></p>
  </section>`;
}

/** @param {import("../charts/history.js").Points} found @param {string} y @param {string} [x] */
function labelOf(found, y, x) {
  const trials = count(found.rows.length, "trial");
  if (x) return `${y} over ${x} of ${trials}; ${count(found.front?.length ?? 0, "trial")} on the front`;
  return `${y} of ${trials}; the best so far is ${number(found.best[found.best.length - 1])}`;
}

/** What the y axis may show. @param {import("../charts/history.js").Points | null} found @param {any} goal */
function reachOf(found, goal) {
  const ys = found?.ys ?? new Float64Array(0);
  const low = ys.length ? ys.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) : 0;
  const skewed = low > 0 && isSkewed(goal, ys.reduce((a, b) => Math.max(a, b), 0));
  return { low, skewed, linear: range([ys], false), log: range([ys], true) };
}

const SIZE = 2.6;
const MANY = 3000; // points beyond which shapes could not be told apart anyway

function draw(
  /** @type {any} */ plot, /** @type {CanvasRenderingContext2D} */ context, /** @type {any} */ columns,
  /** @type {import("../charts/history.js").Points} */ found, /** @type {Uint8Array} */ isChosen, /** @type {number} */ under,
) {
  const ratio = devicePixelRatio || 1;
  const size = SIZE * ratio;
  const { left, width } = plot.bbox;
  const px = linear(plot, "x");
  const py = linear(plot, "y");
  if (found.rows.length > MANY) drawDots(plot, context, found, isChosen, px, py);
  else drawShapes(context, columns, found, isChosen, px, py, size);
  context.strokeStyle = colour("best");
  context.lineWidth = 2 * ratio;
  context.beginPath();
  if (found.front) frontLine(context, found, px, py);
  else bestLine(context, found, px, py, left + width);
  context.stroke();
  if (under >= 0 && under < found.rows.length) {
    context.beginPath();
    context.arc(px(found.xs[under]), py(found.ys[under]), 3 * size, 0, 7);
    context.stroke();
  }
}

/** Steps through the front: what lies behind them is beaten in both goals. */
function frontLine(
  /** @type {CanvasRenderingContext2D} */ context, /** @type {import("../charts/history.js").Points} */ found,
  /** @type {(v: number) => number} */ px, /** @type {(v: number) => number} */ py,
) {
  (found.front ?? []).forEach((at, i, front) => {
    if (i) context.lineTo(px(found.xs[at]), py(found.ys[front[i - 1]]));
    else context.moveTo(px(found.xs[at]), py(found.ys[at]));
    context.lineTo(px(found.xs[at]), py(found.ys[at]));
  });
}

function bestLine(
  /** @type {CanvasRenderingContext2D} */ context, /** @type {import("../charts/history.js").Points} */ found,
  /** @type {(v: number) => number} */ px, /** @type {(v: number) => number} */ py, /** @type {number} */ end,
) {
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
  if (!Number.isNaN(last)) context.lineTo(end, py(last));
}

/** A shape for each state. */
function drawShapes(
  /** @type {CanvasRenderingContext2D} */ context, /** @type {any} */ columns,
  /** @type {import("../charts/history.js").Points} */ found, /** @type {Uint8Array} */ isChosen,
  /** @type {(v: number) => number} */ px, /** @type {(v: number) => number} */ py, /** @type {number} */ size,
) {
  const stopped = columns.states.indexOf("stopped");
  const running = columns.states.indexOf("running");
  for (const pass of [0, 1]) {
    context.fillStyle = colour(pass ? "point" : "ghost");
    for (let i = 0; i < found.rows.length; i++) {
      const row = found.rows[i];
      if (isChosen[row] !== pass) continue;
      const [x, y] = [px(found.xs[i]), py(found.ys[i])];
      const state = columns.state[row];
      context.beginPath();
      if (state === stopped) context.rect(x - size * 0.8, y - size * 0.8, size * 1.6, size * 1.6);
      else if (state === running) {
        context.moveTo(x - size, y - size);
        context.lineTo(x + size, y);
        context.lineTo(x - size, y + size);
      } else context.arc(x, y, size, 0, 7);
      context.fill();
    }
  }
}

/** Two by two pixels for each point, written as such: a hundred thousand paths would take long. */
function drawDots(
  /** @type {any} */ plot, /** @type {CanvasRenderingContext2D} */ context,
  /** @type {import("../charts/history.js").Points} */ found, /** @type {Uint8Array} */ isChosen,
  /** @type {(v: number) => number} */ px, /** @type {(v: number) => number} */ py,
) {
  const { left, top, width, height } = plot.bbox;
  const canvas = new OffscreenCanvas(width + 2, height + 2);
  const brush = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = brush.createImageData(width + 2, height + 2);
  const pixels = new Uint32Array(image.data.buffer);
  const across = width + 2;
  for (const pass of [0, 1]) {
    const [r, g, b] = rgb(colour(pass ? "point" : "ghost"));
    const paint = (0xe6 << 24) | (b << 16) | (g << 8) | r; // as little-endian machines have it
    for (let i = 0; i < found.rows.length; i++) {
      if (isChosen[found.rows[i]] !== pass) continue;
      const at = ((py(found.ys[i]) - top) | 0) * across + ((px(found.xs[i]) - left) | 0);
      pixels[at] = pixels[at + 1] = pixels[at + across] = pixels[at + across + 1] = paint;
    }
  }
  brush.putImageData(image, 0, 0);
  context.drawImage(canvas, left, top);
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
