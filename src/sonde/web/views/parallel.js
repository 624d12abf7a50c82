// @ts-check
/** Parallel coordinates with brushes: by mouse and finger on an axis, or by numbers below. */
import { adjust, place } from "../address.js";
import { axisOf } from "../charts/axis.js";
import { MOST_LINES, clipped, drawLines, heights, merits, paintAxes } from "../charts/parallel.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../html.js";
import { count, number, shown } from "../numbers.js";
import { colour, theme } from "../theme.js";
import { useLater } from "../ui/later.js";
import { sized } from "../ui/plot.js";
import { Save } from "../ui/save.js";
import { useWidth } from "../ui/size.js";

/** @typedef {import("../charts/axis.js").Axis} Axis */

const HEIGHT = 320;
const TOP = 46;
const BOTTOM = 40;
const SIDE = 46;
const LEAST_GAP = 84;
const MOST_AXES = 16;
const CALM_MS = 3000;
const SNAP = 7; // pixels
const TAP = 4; // pixels: a shorter stroke on an axis takes its brush away

/** @param {{ board: import("../board.js").Board }} props */
export function Parallel({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const shownRows = useMemo(() => ({ filtered: board.drawnFiltered.value, chosen: board.drawnChosen.value }), [board.drawnFiltered.value, board.drawnChosen.value]);
  const { version, value: { filtered, chosen } } = useLater(board.drawn.value, shownRows);
  const [frameOf, room] = useWidth();
  /** @type {Axis[]} */
  const all = useMemo(() => shownAxes(columns), [version]);
  /** @type {Axis[]} */
  const axes = useMemo(() => all.slice(0, MOST_AXES), [all]);
  const width = Math.max(room, 2 * SIDE + LEAST_GAP * (axes.length - 1));
  const frame = useMemo(() => {
    const gap = (width - 2 * SIDE) / Math.max(axes.length - 1, 1);
    const xs = axes.map((_, i) => SIDE + i * gap);
    return { width, height: HEIGHT, top: TOP, bottom: HEIGHT - BOTTOM, xs };
  }, [width, axes.length]);
  const placed = useMemo(() => heights(columns, axes, frame), [axes, frame]);
  const merit = useMemo(() => merits(columns, columns.goals[0]), [version]);
  const base = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const front = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const whole = useRef(/** @type {any[]} */ ([])); // what the picture behind was drawn of
  const isDrawn = board.draft.value !== null;
  const isBrushed = board.brushes.value.size > 0;
  const dressed = theme.value;
  // While new trials come all the time their density is drawn coarsely, and finely once they cease.
  const [calm, setCalm] = useState(version);
  const isFresh = version !== calm && chosen.length > MOST_LINES;
  useEffect(() => {
    if (version === calm) return undefined;
    const timer = setTimeout(() => setCalm(version), CALM_MS);
    return () => clearTimeout(timer);
  }, [version, calm]);
  const everything = [placed, filtered, merit, dressed, isFresh];
  const draw = (/** @type {any} */ context, /** @type {Uint32Array} */ rows, /** @type {boolean} */ isQuick) =>
    drawLines(context, frame, placed.ys, rows, merit, colour("ghost-strong"), isQuick);
  // Behind what is chosen stands, faintly, the picture of all: kept when it is drawn, so that it is
  // there already when a brush begins.
  useLayoutEffect(() => {
    const isWhole = everything.every((part, i) => part === whole.current[i]);
    if (isBrushed && !isWhole) {
      draw(sized(base.current, frame.width, frame.height), filtered, isFresh);
      whole.current = everything;
    }
    draw(sized(front.current, frame.width, frame.height), chosen, isDrawn || isFresh);
    if (isBrushed || isWhole) return;
    sized(base.current, frame.width, frame.height).drawImage(/** @type {HTMLCanvasElement} */ (front.current), 0, 0, frame.width, frame.height);
    whole.current = everything;
  }, [placed, filtered, chosen, merit, dressed, isDrawn, isFresh]);
  const title = `Parallel coordinates: ${count(chosen.length, "trial")} over ${axes.map((axis) => axis.title).join(", ")}`;
  return html`<section class="panel">
    <div class="panel-head">
      <h2>Parameters and results</h2>
      <p class="muted">${
        isBrushed
          ? html`${count(chosen.length, "trial")} of ${filtered.length.toLocaleString("en")} chosen${" "}
            <button class="small" onClick=${() => setBrushes(board, new Map())}>Show all</button>`
          : `Draw along an axis to choose trials. ${dressed === "dark" ? "Brighter" : "Darker"} is better.`
      }</p>
      <${Save} name=${`${board.detail.peek().name}-parallel`} label=${title} size=${() => [frame.width, frame.height]}
        paint=${(/** @type {any} */ context) => {
          draw(context, chosen, false);
          paintAxes(context, axes, frame);
        }} />
    </div>
    <div class="scroll parallel" ref=${frameOf} tabindex="0" role="region" aria-label="Parallel coordinates">
      <div class="stack" style=${{ width: `${width}px`, height: `${HEIGHT}px` }}>
        <canvas ref=${base} class=${isBrushed ? "behind" : "behind is-away"} aria-hidden="true"></canvas>
        <canvas ref=${front} role="img" aria-label=${title}></canvas>
        <${Overlay} board=${board} axes=${axes} frame=${frame} placed=${placed} />
      </div>
    </div>
    ${all.length > axes.length && html`<p class="muted">${count(all.length - axes.length, "further axis").replace("axiss", "axes")} not shown.</p>`}
    <${Narrow} board=${board} axes=${axes} />
  </section>`;
}

/** @param {any} columns @returns {Axis[]} */
const shownAxes = (columns) =>
  [...columns.role("param"), ...columns.role("bound"), ...columns.role("goal")]
    .filter((column) => !column.about.constant)
    .map((column) => axisOf(columns, column));

/** @param {any} board @param {Map<string, { low: number, high: number }>} brushes */
function setBrushes(board, brushes) {
  /** @type {Record<string, string | null>} */
  const changes = {};
  for (const key of Object.keys(place.peek())) if (key.startsWith("b.")) changes[key] = null;
  for (const [key, { low, high }] of brushes) changes[`b.${key}`] = `${low}..${high}`;
  adjust(changes);
  board.draft.value = null;
}

/** Axes, their ticks and brushes, above the lines. @param {any} props */
function Overlay({ board, axes, frame, placed }) {
  const stroke = useRef(/** @type {any} */ (null));
  const next = useRef(0);
  const span = frame.bottom - frame.top;
  const yOf = (/** @type {number} */ t) => frame.bottom - Math.min(Math.max(t, 0), 1) * span;
  const begin = (/** @type {PointerEvent} */ event, /** @type {Axis} */ axis) => {
    if (event.button) return;
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    stroke.current = { axis, from: heightOf(event), moved: false };
  };
  const move = (/** @type {PointerEvent} */ event) => {
    const now = stroke.current;
    if (!now) return;
    const to = heightOf(event);
    if (!now.moved && Math.abs(to - now.from) < TAP) return;
    now.moved = true;
    // The ends of an axis can be reached without hitting their pixel.
    const snap = (/** @type {number} */ y) => (y < frame.top + SNAP ? frame.top : y > frame.bottom - SNAP ? frame.bottom : y);
    const [a, b] = [now.from, to].map((y) => now.axis.from((frame.bottom - snap(y)) / span)).sort((x, y) => x - y);
    const brushes = new Map(board.brushes.peek());
    brushes.set(now.axis.key, rounded(now.axis, a, b));
    now.brushes = brushes;
    // Once a picture: a mouse moves more often than that.
    cancelAnimationFrame(next.current);
    next.current = requestAnimationFrame(() => {
      board.draft.value = brushes;
    });
  };
  const end = () => {
    const now = stroke.current;
    stroke.current = null;
    if (!now) return;
    cancelAnimationFrame(next.current);
    const brushes = new Map(now.brushes ?? board.brushes.peek());
    if (!now.moved) brushes.delete(now.axis.key);
    setBrushes(board, brushes);
  };
  return html`<svg class="axes" width=${frame.width} height=${frame.height} aria-hidden="true">
    ${axes.map((/** @type {Axis} */ axis, /** @type {number} */ i) => {
      const x = frame.xs[i];
      const brush = board.brushes.value.get(axis.key);
      const last = i === axes.length - 1;
      return html`<g key=${axis.key}>
        <text class="axis-title" x=${x} y=${i % 2 ? 26 : 13} text-anchor=${i === 0 ? "start" : last ? "end" : "middle"}
          dx=${i === 0 ? -40 : last ? 40 : 0}>${clipped(axis.title)}</text>
        <line class="axis-line" x1=${x} x2=${x} y1=${frame.top} y2=${frame.bottom} />
        ${axis.ticks.map(
          (tick) => html`<g key=${tick.at}><line class="axis-line" x1=${x - 3} x2=${x} y1=${yOf(axis.to(tick.at))} y2=${yOf(axis.to(tick.at))} />
          <text class="tick" x=${x - 5} y=${yOf(axis.to(tick.at)) + 3.5} text-anchor="end">${clipped(tick.text, 9)}</text></g>`,
        )}
        ${brush && html`<rect class="brush" x=${x - 7} width="14" y=${yOf(axis.to(brush.high + (axis.isWords ? 0.5 : 0)))}
          height=${Math.max(2, yOf(axis.to(brush.low - (axis.isWords ? 0.5 : 0))) - yOf(axis.to(brush.high + (axis.isWords ? 0.5 : 0))))} />`}
        <rect class="grip" x=${x - 16} width="32" y=${frame.top - 8} height=${span + 16}
          onPointerDown=${(/** @type {any} */ event) => begin(event, axis)} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end} />
      </g>`;
    })}
    ${placed.hasMissing && html`<text class="tick" x="4" y=${frame.bottom + 30}>missing values go below the axes</text>`}
    ${placed.hasOdd && html`<text class="tick" x=${frame.width - 4} y=${frame.bottom + 30} text-anchor="end">NaN and inf go above</text>`}
  </svg>`;
}

/** Words and whole numbers are chosen whole. @param {Axis} axis @param {number} low @param {number} high */
function rounded(axis, low, high) {
  if (axis.isWords) {
    const most = axis.column.words.length - 2;
    const clip = (/** @type {number} */ at) => Math.min(Math.max(Math.round(at), 0), most);
    return { low: clip(low), high: clip(high) };
  }
  const clip = (/** @type {number} */ v) => Number(Math.min(Math.max(v, axis.low), axis.high).toPrecision(4));
  return { low: clip(low), high: clip(high) };
}

/** Where in the frame the pointer is. @param {PointerEvent} event */
const heightOf = (event) =>
  event.clientY - /** @type {SVGElement} */ (/** @type {Element} */ (event.currentTarget).closest("svg")).getBoundingClientRect().top;

/** The same brushes as numbers to type. @param {any} props */
function Narrow({ board, axes }) {
  const set = (/** @type {Axis} */ axis, /** @type {number} */ low, /** @type {number} */ high) => {
    const brushes = new Map(board.brushes.peek());
    const least = axis.isWords ? 0 : axis.low;
    const most = axis.isWords ? axis.column.words.length - 2 : axis.high;
    if (low <= least && high >= most) brushes.delete(axis.key);
    else brushes.set(axis.key, { low, high });
    setBrushes(board, brushes);
  };
  return html`<details class="narrow"><summary>Choose by numbers</summary>
    <div class="narrow-list">${axes.map((/** @type {Axis} */ axis) => {
      const brush = board.brushes.value.get(axis.key) ?? { low: axis.low, high: axis.high };
      if (axis.isWords) {
        const words = axis.column.words.slice(1);
        return html`<fieldset key=${axis.key}><legend>${axis.title}</legend>
          ${["low", "high"].map((end) => html`<select key=${end} aria-label=${`${axis.title}, ${end === "low" ? "from" : "to"}`} value=${brush[end]}
            onChange=${(/** @type {any} */ e) => set(axis, end === "low" ? Number(e.target.value) : brush.low, end === "high" ? Number(e.target.value) : brush.high)}>
            ${words.map((/** @type {any} */ word, /** @type {number} */ at) => html`<option key=${at} value=${at} selected=${at === Math.round(brush[end])}>${shown(word)}</option>`)}
          </select>`)}</fieldset>`;
      }
      return html`<fieldset key=${axis.key}><legend>${axis.title}</legend>
        ${["low", "high"].map((end) => html`<input key=${end} type="text" inputmode="decimal" aria-label=${`${axis.title}, ${end === "low" ? "from" : "to"}`}
          value=${number(brush[end], 6).replace("−", "-")}
          onChange=${(/** @type {any} */ e) => {
            const value = Number(e.target.value.trim() || Number.NaN);
            if (Number.isNaN(value)) return;
            set(axis, end === "low" ? value : brush.low, end === "high" ? value : brush.high);
          }} />`)}</fieldset>`;
    })}</div></details>`;
}
