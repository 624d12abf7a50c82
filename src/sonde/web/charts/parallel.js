// @ts-check
/**
 * Parallel coordinates: a line for each trial through its value on every axis.
 *
 * Few trials are drawn as lines. Of many, between two neighbouring axes, it is counted how many
 * go from each height to each height; what is drawn is those pairs, as opaque as they are
 * frequent and coloured by their mean. The cost then hardly depends on the number of trials,
 * density shows, and no GPU is needed.
 */
import { present } from "../columns.js";
import { middleOf } from "../rows.js";
import { colour, ramp, rgb } from "../theme.js";
import { comparable } from "./results.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("../columns.js").Columns} Columns */
/** @typedef {{ width: number, height: number, top: number, bottom: number, xs: number[] }} Frame */

export const MOST_LINES = 1500; // beyond it is their density that is drawn
const MOST_QUICK = 300; // ... while a brush is drawn: to paint 1,500 smooth lines takes 60 ms
const BAND = 15; // pixels beyond an axis at which missing (below), NaN and infinite (above) go
const FINE = 2; // pixels of a bin of heights, and of a column of the density
const COARSE = 4; // ... while a brush is drawn
const ENOUGH = 20_000; // lines whose density is that of all, while a brush is drawn

/**
 * The height of every trial on every axis, in pixels of the frame.
 * @param {Columns} columns @param {Axis[]} axes @param {Frame} frame
 * @returns {{ ys: Float32Array[], hasMissing: boolean, hasOdd: boolean }}
 */
export function heights(columns, axes, frame) {
  let hasMissing = false;
  let hasOdd = false;
  const span = frame.bottom - frame.top;
  const ys = axes.map((axis) => {
    const { column, isWords } = axis;
    const out = new Float32Array(columns.count);
    // Trials of one word would lie on each other: each goes a little beside, always the same way.
    const jitter = isWords ? Math.min(0.3, 6 / column.words.length) / Math.max(column.words.length - 1, 1) : 0;
    for (let row = 0; row < columns.count; row++) {
      if (!present(column, row)) {
        out[row] = frame.bottom + BAND;
        hasMissing = true;
        continue;
      }
      const value = isWords ? column.values[row] - 1 : column.values[row];
      if (value - value !== 0) {
        out[row] = frame.top - BAND;
        hasOdd = true;
        continue;
      }
      let place = axis.to(value);
      if (jitter) place += (((row * 2654435761) % 1024) / 1024 - 0.5) * jitter;
      out[row] = frame.bottom - Math.min(Math.max(place, 0), 1) * span;
    }
    return out;
  });
  return { ys, hasMissing, hasOdd };
}

/**
 * How good each trial is among all: 1 the best, 0 the worst, NaN where it has no result to compare.
 * @param {Columns} columns @param {import("../columns.js").Column | undefined} goal
 * @returns {Float32Array}
 */
export function merits(columns, goal) {
  const out = new Float32Array(columns.count).fill(Number.NaN);
  if (!goal) return out;
  const counts = comparable(columns);
  const values = new Float64Array(columns.count);
  let n = 0;
  const usable = (/** @type {number} */ row) =>
    counts(row) && present(goal, row) && Number.isFinite(goal.values[row]);
  for (let row = 0; row < columns.count; row++) if (usable(row)) values[n++] = goal.values[row];
  const order = values.subarray(0, n).sort();
  const isMin = goal.about.direction !== "maximize";
  for (let row = 0; row < columns.count; row++) {
    if (!usable(row)) continue;
    const share = n > 1 ? middleOf(order, goal.values[row]) / (n - 1) : 0;
    out[row] = isMin ? 1 - share : share;
  }
  return out;
}

/**
 * Draw rows.
 * @param {CanvasRenderingContext2D} context scaled to CSS pixels
 * @param {Frame} frame @param {Float32Array[]} ys @param {Uint32Array} rows
 * @param {Float32Array} merit
 * @param {string} none the colour of those without a result
 * @param {boolean} isQuick whether it is drawn again at once
 */
export function drawLines(context, frame, ys, rows, merit, none, isQuick) {
  if (rows.length > (isQuick ? MOST_QUICK : MOST_LINES)) {
    drawDensity(context, frame, ys, rows, merit, none, isQuick);
    return;
  }
  const colours = ramp();
  const order = rows.slice().sort((a, b) => (merit[a] || 0) - (merit[b] || 0) || b - a);
  const alpha = Math.min(0.9, Math.max(0.1, 60 / Math.max(rows.length, 1)));
  context.lineWidth = rows.length < 60 ? 1.6 : 1.1;
  context.lineJoin = "round";
  for (const row of order) {
    const t = merit[row];
    context.beginPath();
    frame.xs.forEach((x, i) => (i ? context.lineTo(x, ys[i][row]) : context.moveTo(x, ys[i][row])));
    if (Number.isNaN(t)) {
      context.strokeStyle = none;
      context.globalAlpha = alpha * 0.7;
    } else {
      const [r, g, b] = colours(t * t); // the best few stand out
      context.strokeStyle = `rgb(${r},${g},${b})`;
      context.globalAlpha = Math.min(1, alpha * (0.5 + t));
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** @type {typeof drawLines} */
function drawDensity(context, frame, ys, rows, merit, none, isQuick) {
  const size = isQuick ? COARSE : FINE;
  const top = frame.top - BAND - size;
  const bins = Math.ceil((frame.bottom + BAND + size - top) / size);
  const pairs = new Float32Array(bins * bins);
  const sums = new Float32Array(bins * bins);
  const known = new Float32Array(bins * bins);
  const colours = ramp();
  const still = rgb(none);
  const step = isQuick ? Math.ceil(rows.length / ENOUGH) : 1;
  const widths = frame.xs.slice(1).map((x, i) => Math.max(2, Math.round((x - frame.xs[i]) / size)));
  const most = Math.max(2, ...widths) * bins;
  // Made once for all axes: what is made anew has to be swept up, in the middle of a stroke.
  const [counts, goods, knowns] = [new Float32Array(most), new Float32Array(most), new Float32Array(most)];
  const canvas = document.createElement("canvas");
  for (let i = 0; i + 1 < frame.xs.length; i++) {
    const [left, right] = [ys[i], ys[i + 1]];
    pairs.fill(0);
    sums.fill(0);
    known.fill(0);
    for (let k = 0; k < rows.length; k += step) {
      const row = rows[k];
      const at = (((left[row] - top) / size) | 0) * bins + (((right[row] - top) / size) | 0);
      pairs[at]++;
      const t = merit[row];
      if (t === t) {
        sums[at] += t;
        known[at]++;
      }
    }
    const width = widths[i];
    const [count, good, with_] = [counts, goods, knowns].map((whole) => whole.subarray(0, width * bins).fill(0));
    for (let a = 0; a < bins; a++) {
      for (let b = 0; b < bins; b++) {
        const at = a * bins + b;
        const n = pairs[at];
        if (n === 0) continue;
        const slope = (b - a) / (width - 1);
        for (let x = 0; x < width; x++) {
          const pixel = ((a + slope * x + 0.5) | 0) * width + x;
          count[pixel] += n;
          good[pixel] += sums[at];
          with_[pixel] += known[at];
        }
      }
    }
    paint(canvas, width, bins, count, good, with_, colours, still);
    context.drawImage(canvas, frame.xs[i], top, frame.xs[i + 1] - frame.xs[i], bins * size);
  }
}

/** One density as an image. */
function paint(
  /** @type {HTMLCanvasElement} */ canvas,
  /** @type {number} */ width, /** @type {number} */ bins,
  /** @type {Float32Array} */ count, /** @type {Float32Array} */ good, /** @type {Float32Array} */ known,
  /** @type {(t: number) => [number, number, number]} */ colours, /** @type {number[]} */ still,
) {
  const image = new ImageData(width, bins);
  let most = 1;
  for (let i = 0; i < count.length; i++) if (count[i] > most) most = count[i];
  const scale = 1 / Math.log1p(most);
  // Means of many differ little: they are spread to the whole scale.
  const lut = Array.from({ length: 65 }, (_, i) => colours(i / 64));
  for (let i = 0; i < count.length; i++) {
    if (count[i] === 0) continue;
    const t = known[i] ? good[i] / known[i] : Number.NaN;
    const spread = Math.min(Math.max((t - 0.5) * 1.6 + 0.5, 0), 1);
    const [r, g, b] = Number.isNaN(t) ? still : lut[Math.round(spread * 64)];
    image.data[4 * i] = r;
    image.data[4 * i + 1] = g;
    image.data[4 * i + 2] = b;
    image.data[4 * i + 3] = 235 * Math.max(0.06, Math.log1p(count[i]) * scale);
  }
  [canvas.width, canvas.height] = [width, bins];
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(image, 0, 0);
}

/** The axes, where they are part of the picture. @param {CanvasRenderingContext2D} context @param {Axis[]} axes @param {Frame} frame */
export function paintAxes(context, axes, frame) {
  axes.forEach((axis, i) => {
    const x = frame.xs[i];
    const isEdge = i === 0 || i === axes.length - 1;
    context.strokeStyle = colour("muted");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, frame.top);
    context.lineTo(x, frame.bottom);
    context.stroke();
    context.fillStyle = colour("text");
    context.font = "bold 12px system-ui, 'DejaVu Sans', sans-serif";
    context.textAlign = !isEdge ? "center" : i === 0 ? "left" : "right";
    context.fillText(clipped(axis.title), x + (i === 0 ? -40 : isEdge ? 40 : 0), i % 2 ? 26 : 13);
    context.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    context.fillStyle = colour("muted");
    context.textAlign = "right";
    for (const tick of axis.ticks) {
      const y = frame.bottom - Math.min(Math.max(axis.to(tick.at), 0), 1) * (frame.bottom - frame.top);
      context.fillText(clipped(tick.text, 9), x - 5, y + 3.5);
    }
  });
}

/** A text that is not longer than there is room for. */
export const clipped = (/** @type {string} */ text, most = 14) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
