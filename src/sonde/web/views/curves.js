// @ts-check
/** Learning curves of some trials: the best ones, those that run, or the chosen ones. */
import { adjust, part } from "../address.js";
import { getBlock } from "../api.js";
import { bands, smoothed } from "../charts/curves.js";
import { shape } from "../charts/points.js";
import { present, valueOf } from "../columns.js";
import { html, useEffect, useMemo, useState } from "../html.js";
import { count, number, shown } from "../numbers.js";
import { colour, ramp } from "../theme.js";
import { Plot, range } from "../ui/plot.js";
import { Shape } from "../ui/state.js";

const MOST = 40;
const MOST_GROUPED = 200;
const MOST_GROUPS = 8; // as many as there are colours to tell them apart
const LATER_MS = 700; // after the last change: curves of a live sweep are not fetched all the time

/** @typedef {import("../charts/curves.js").Curves} Curves */
/** @typedef {import("../charts/curves.js").Band} Band */

const chosenMetric = part("curve");
const chosenGroup = part("group");
const chosenSmooth = part("smooth");

/** @param {string} sweep @param {string} metric @param {number[]} trials @returns {Promise<Curves>} */
export async function fetchCurves(sweep, metric, trials, points = 200) {
  const { arrays } = await getBlock("curves", { sweep, metric, trials: trials.join(), points });
  return /** @type {any} */ (Object.fromEntries(arrays));
}

/** @param {{ board: import("../board.js").Board }} props */
export function Curves({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const version = board.version.value;
  const isNarrowed = board.chosen.value.length < columns.count;
  const metrics = [...columns.goals, ...columns.role("bound"), ...columns.role("metric")].map((c) => c.name);
  const name = metrics.includes(chosenMetric.value) ? chosenMetric.value : (metrics[0] ?? "");
  const detail = board.detail.value;
  const groupings = groupsOf(columns, detail);
  const grouping = groupings.find(({ key }) => key === chosenGroup.value);
  const ordered = board.ordered.value;
  const wanted = useMemo(() => pick(columns, ordered, grouping ? MOST_GROUPED : MOST), [version, ordered, !grouping]);
  const [curves, setCurves] = useState(/** @type {Curves | null} */ (null));
  useEffect(() => {
    if (!name || wanted.length === 0) {
      setCurves(null);
      return undefined;
    }
    let isOver = false;
    const timer = setTimeout(
      () =>
        fetchCurves(columns.sweep, name, wanted, grouping ? 2000 : 200).then(
          (found) => !isOver && setCurves(found),
          () => {}, // the banner says that the server is away
        ),
      curves ? LATER_MS : 0,
    );
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [name, wanted.join(), version, !grouping]);
  const weight = Number(chosenSmooth.value) || 0;
  const smooth = useMemo(() => curves && smoothed(curves, weight), [curves, weight]);
  const joined = useMemo(() => (smooth && grouping ? bands(smooth, grouping.of).slice(0, MOST_GROUPS) : null), [smooth, grouping?.key, version]);
  if (metrics.length === 0) return null;
  if (curves && curves.starts.length - 1 === curves.steps.length && wanted.length > 0) return null;
  const hasCurves = smooth && curves && curves.starts.length - 1 < curves.steps.length;
  return html`<section class="panel">
    <div class="panel-head"><h2>Learning curves</h2>
      <div class="choices">
        ${metrics.length > 1 && html`<label>Metric <select value=${name} onChange=${(/** @type {any} */ e) => adjust({ curve: e.target.value })}>
          ${metrics.map((m) => html`<option key=${m} value=${m} selected=${m === name}>${m}</option>`)}</select></label>`}
        ${groupings.length > 0 && html`<label>Group <select value=${grouping?.key ?? ""} onChange=${(/** @type {any} */ e) => adjust({ group: e.target.value })}>
          <option value="" selected=${!grouping}>none</option>
          ${groupings.map((g) => html`<option key=${g.key} value=${g.key} selected=${g === grouping}>${g.title}</option>`)}</select></label>`}
        <label>Smooth <input type="range" min="0" max="0.95" step="0.05" value=${weight}
          onInput=${(/** @type {any} */ e) => adjust({ smooth: Number(e.target.value) || null })} /></label>
      </div></div>
    ${
      hasCurves
        ? html`<${CurvePlot} curves=${smooth} name=${name} file=${`${detail.name}-curves`} joined=${joined} rungs=${detail.rungs ?? []}
            stateOf=${(/** @type {number} */ trial) => columns.stateOf(trial)} isMax=${columns.byKey.get(`m.${name}`)?.about.direction === "maximize"} />
          <p class="legend"><span>${count(curves.trials.length, "curve")}: the first of the table${isNarrowed ? ", as it is narrowed," : ""} and those that run</span>
          ${
            joined
              ? html`<span>the mean, and from the least to the greatest of each ${grouping?.title}</span>`
              : html`<span><${Shape} state="stopped" /> stopped</span><span><${Shape} state="failed" /> failed</span>
                <span><i class="ramp" aria-hidden="true"></i> worse to better</span>`
          }
          ${detail.rungs?.length > 0 && html`<span><i class="rung-line" aria-hidden="true"></i> where ${detail.stopping.split("(")[0]} compares</span>`}</p>`
        : html`<p class="nothing">${wanted.length === 0 ? (isNarrowed ? "No trial that is shown has begun." : "No trial has begun yet.") : "Reading curves…"}</p>`
    }
  </section>`;
}

/** What curves can be grouped by. @param {import("../columns.js").Columns} columns @param {any} detail */
function groupsOf(columns, detail) {
  const params = columns.role("param").filter((column) => !column.about.constant);
  const found = params
    .filter((column) => column.kind === "words" || column.about.choices)
    .map((column) => ({
      key: column.key,
      title: column.name,
      of: (/** @type {number} */ row) => (present(column, row) ? `${column.name} ${shown(valueOf(column, row))}` : `no ${column.name}`),
    }));
  if (detail?.repeats > 1) {
    /** @type {Map<string, number>} */
    const firsts = new Map();
    const key = (/** @type {number} */ row) => JSON.stringify(params.map((column) => valueOf(column, row) ?? null));
    for (let row = columns.count - 1; row >= 0; row--) firsts.set(key(row), row);
    found.unshift({ key: "repeats", title: "assignment", of: (row) => `as #${firsts.get(key(row))}` });
  }
  return found;
}

/** The first rows of the table that have begun, and the running ones. @param {any} columns @param {Uint32Array} ordered @param {number} most */
function pick(columns, ordered, most) {
  const found = new Set();
  const running = columns.states.indexOf("running");
  for (let i = 0; i < ordered.length && found.size < most; i++) if (columns.attempts[ordered[i]]) found.add(ordered[i]);
  let more = 0;
  for (let row = columns.count - 1; row >= 0 && more < MOST && found.size < MOST_GROUPED; row--) {
    if (columns.state[row] === running && !found.has(row)) {
      found.add(row);
      more++;
    }
  }
  return [...found].sort((a, b) => a - b);
}

/**
 * @param {{ curves: Curves, name: string, file?: string, isMax?: boolean, height?: number, joined?: Band[] | null,
 *   rungs?: number[], named?: boolean, stateOf: (trial: number) => string }} props
 */
export function CurvePlot({ curves, name, file, isMax = false, height, joined = null, rungs = [], named = false, stateOf }) {
  const { steps, values } = curves;
  const low = values.reduce((a, v) => (v - v === 0 ? Math.min(a, v) : a), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, v) => (v - v === 0 ? Math.max(a, v) : a), Number.NEGATIVE_INFINITY);
  const isLog = low > 0 && high / low > 50;
  const last = steps.reduce((a, v) => Math.max(a, v), 0);
  const first = steps.reduce((a, v) => Math.min(a, v), last);
  const x = { low: first, high: last > first ? last : first + 1, title: "step", text: (/** @type {number} */ v) => (Number.isInteger(v) ? number(v, 7) : "") };
  const marks = rungSteps(curves, rungs, first, last);
  const draw = (/** @type {import("../ui/plot.js").Frame} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
    drawRungs(frame, context, marks);
    if (joined) joined.forEach((band, i) => drawBand(frame, context, band, i));
    else drawCurves(frame, context, curves, isLog, isMax, stateOf, named);
  };
  const what = joined ? count(joined.length, "group") : count(curves.trials.length, "trial");
  return html`<${Plot} label=${`${name} by step of ${what}`} name=${file} x=${x} y=${{ ...range([values], isLog), title: name }}
    height=${height} deps=${[curves, joined, marks.join()]} draw=${draw} />`;
}

/**
 * The steps at which a rule compares: it counts the values of a curve, whatever their steps are.
 * @param {Curves} curves @param {number[]} rungs @param {number} first @param {number} last
 */
function rungSteps(curves, rungs, first, last) {
  let longest = 0;
  for (let i = 1; i + 1 < curves.starts.length; i++)
    if (curves.starts[i + 1] - curves.starts[i] > curves.starts[longest + 1] - curves.starts[longest]) longest = i;
  const own = curves.steps.subarray(curves.starts[longest], curves.starts[longest + 1]);
  const isThinned = own.length >= 198; // of a thinned curve one cannot tell which value was the how-manieth
  return rungs.map((rung) => (isThinned ? first + rung - 1 : own[rung - 1])).filter((step) => step !== undefined && step <= last);
}

/** @param {import("../ui/plot.js").Frame} frame @param {CanvasRenderingContext2D} context @param {number[]} steps */
function drawRungs(frame, context, steps) {
  context.strokeStyle = colour("ghost-strong");
  context.lineWidth = 1;
  context.setLineDash([4, 3]);
  for (const step of steps) {
    const x = frame.px(step);
    context.beginPath();
    context.moveTo(x, frame.top);
    context.lineTo(x, frame.top + frame.height);
    context.stroke();
  }
  context.setLineDash([]);
}

/** @param {import("../ui/plot.js").Frame} frame @param {CanvasRenderingContext2D} context @param {Band} band @param {number} place */
function drawBand(frame, context, band, place) {
  const paint = colour(`group-${place}`);
  const points = (/** @type {number[]} */ list) => list.map((v, i) => [frame.px(band.steps[i]), frame.py(v)]);
  context.fillStyle = paint;
  context.strokeStyle = paint;
  context.globalAlpha = 0.16;
  context.beginPath();
  [...points(band.low), ...points(band.high).reverse()].forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 2;
  context.beginPath();
  const mean = points(band.mean);
  mean.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  // Named where it stands, so that nobody has to tell colours apart.
  const [x, y] = mean[mean.length - 1];
  context.textAlign = "right";
  context.fillText(`${band.label} (${band.trials})`, Math.min(x, frame.left + frame.width) - 2, Math.max(y - 4, frame.top + 10));
}

/**
 * @param {import("../ui/plot.js").Frame} frame @param {CanvasRenderingContext2D} context @param {Curves} curves
 * @param {boolean} isLog @param {boolean} isMax @param {(trial: number) => string} stateOf
 * @param {boolean} isNamed each by its number and in a colour of its own: for a few
 */
function drawCurves(frame, context, curves, isLog, isMax, stateOf, isNamed) {
  const { starts, steps, values } = curves;
  const colours = ramp();
  const n = curves.trials.length;
  const ends = Array.from({ length: n }, (_, i) => values[starts[i + 1] - 1]);
  const order = [...ends.keys()].sort((a, b) => (isMax ? ends[a] - ends[b] : ends[b] - ends[a]) || 0);
  /** @type {Name[]} */
  const names = [];
  context.lineWidth = n > 20 ? 1.2 : 1.8;
  order.forEach((i, rank) => {
    const [r, g, b] = colours(n > 1 ? rank / (n - 1) : 1);
    context.strokeStyle = n === 1 ? colour("accent") : isNamed ? colour(`group-${i % MOST_GROUPS}`) : `rgb(${r},${g},${b})`;
    context.beginPath();
    let isDown = false;
    for (let at = starts[i]; at < starts[i + 1]; at++) {
      const v = values[at];
      if (v - v !== 0 || (isLog && v <= 0)) {
        isDown = false; // broken where it is NaN or infinite
        continue;
      }
      if (isDown) context.lineTo(frame.px(steps[at]), frame.py(v));
      else context.moveTo(frame.px(steps[at]), frame.py(v));
      isDown = true;
    }
    context.stroke();
    const last = starts[i + 1] - 1;
    const state = stateOf(curves.trials[i]);
    if (values[last] - values[last] !== 0) return;
    // One that was stopped ends in a square, one that failed in a cross.
    const [x, y, size] = [frame.px(steps[last]), frame.py(values[last]), 2.8];
    context.fillStyle = context.strokeStyle;
    if (isNamed) names.push({ text: `#${curves.trials[i]}`, paint: String(context.strokeStyle), x: Math.min(x, frame.left + frame.width) - 6, y: Math.max(y - 5, frame.top + 10) });
    if (state === "stopped") shape(context, state, x, y, 3.5);
    else if (state === "failed") {
      context.beginPath();
      context.moveTo(x - size, y - size);
      context.lineTo(x + size, y + size);
      context.moveTo(x - size, y + size);
      context.lineTo(x + size, y - size);
      context.stroke();
    }
  });
  drawNames(context, names, frame.top + 10);
}

/** @typedef {{ text: string, paint: string, x: number, y: number }} Name */

/** Names of curves at their ends, moved up where they would lie on each other. @param {CanvasRenderingContext2D} context @param {Name[]} names @param {number} top */
function drawNames(context, names, top) {
  const apart = 13;
  /** @type {Name[]} */
  const placed = [];
  for (const name of [...names].sort((a, b) => b.y - a.y)) {
    let y = name.y;
    for (const other of placed) if (Math.abs(other.x - name.x) < 40 && y > other.y - apart) y = other.y - apart;
    if (y >= top) placed.push({ ...name, y }); // where there is no room at all, none is better than two
  }
  context.textAlign = "right";
  for (const { text, paint, x, y } of placed) {
    const wide = context.measureText(text).width;
    context.fillStyle = colour("panel");
    context.fillRect(x - wide - 2, y - 10, wide + 4, 13);
    context.fillStyle = paint;
    context.fillText(text, x, y);
  }
}
