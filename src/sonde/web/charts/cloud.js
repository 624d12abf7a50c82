// @ts-check
/** Clouds of points, each coloured by how good its trial is: in frames, and places on axes. */
import { present } from "../columns.js";
import { colour, ramp, rgb } from "../theme.js";
import { shape } from "./points.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("../ui/plot.js").Frame} Frame */
/** @typedef {{ rows: Uint32Array, xs: Float64Array, ys: Float64Array, without: number }} Cloud */

const MANY = 1500;
const ROOM = 0.04; // of an axis beyond its ends

/** An axis as a scale from 0 to 1, which leaves logarithms and words to the axis. @param {Axis} axis */
export const scaleOf = (axis) => ({
  low: -ROOM,
  high: 1 + ROOM,
  title: axis.title,
  ticks: axis.ticks.map((tick) => ({ at: axis.to(tick.at), text: tick.text.length > 14 ? `${tick.text.slice(0, 13)}…` : tick.text })),
});

/** Where each row lies on an axis, NaN where it has no finite value. @param {Axis} axis @param {Uint32Array} rows */
export function placesOn(axis, rows) {
  const { column, isWords } = axis;
  const out = new Float64Array(rows.length);
  // Trials of one word would lie on each other: each goes a little beside, always the same way.
  const jitter = isWords ? 0.5 / Math.max(column.words.length - 1, 1) : 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const value = isWords ? column.values[row] - 1 : column.values[row];
    if (!present(column, row) || value - value !== 0) out[i] = Number.NaN;
    else out[i] = axis.to(value) + (jitter && (((row * 2654435761) % 1024) / 1024 - 0.5) * jitter);
  }
  return out;
}

/** Rows that have a place on both axes. @param {Axis} x @param {Axis} y @param {Uint32Array} rows @returns {Cloud} */
export function cloudOf(x, y, rows) {
  const [xs, ys] = [placesOn(x, rows), placesOn(y, rows)];
  const kept = [...rows.keys()].filter((i) => xs[i] === xs[i] && ys[i] === ys[i]);
  return {
    rows: Uint32Array.from(kept, (i) => rows[i]),
    xs: Float64Array.from(kept, (i) => xs[i]),
    ys: Float64Array.from(kept, (i) => ys[i]),
    without: rows.length - kept.length,
  };
}

/**
 * @param {Frame} frame @param {CanvasRenderingContext2D} context @param {any} columns @param {Cloud} cloud
 * @param {Float32Array} merit by row: 1 the best, NaN without a result
 * @param {boolean} [hasRim] around each point, where something lies behind them
 * @param {((row: number) => string) | null} [tint] the colour of a row, `#rrggbb`, in place of that of its merit
 */
export function drawCloud(frame, context, columns, cloud, merit, hasRim = false, tint = null) {
  const order = [...cloud.rows.keys()].sort((a, b) => (merit[cloud.rows[a]] || 0) - (merit[cloud.rows[b]] || 0));
  const colours = ramp();
  const none = colour("ghost-strong");
  if (cloud.rows.length <= MANY) {
    context.strokeStyle = colour("text");
    context.lineWidth = 0.75;
    for (const i of order) {
      const t = merit[cloud.rows[i]];
      const [r, g, b] = colours((t || 0) ** 2);
      context.fillStyle = tint ? tint(cloud.rows[i]) : t === t ? `rgb(${r | 0},${g | 0},${b | 0})` : none;
      shape(context, columns.stateOf(cloud.rows[i]), frame.px(cloud.xs[i]), frame.py(cloud.ys[i]));
      if (hasRim) context.stroke();
    }
    return;
  }
  const ratio = devicePixelRatio || 1;
  const [width, height] = [Math.ceil(frame.width * ratio) + 2, Math.ceil(frame.height * ratio) + 2];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = brush.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const packed = (/** @type {ArrayLike<number>} */ c) => ((0xff << 24) | ((c[2] | 0) << 16) | ((c[1] | 0) << 8) | (c[0] | 0)) >>> 0;
  const lut = Array.from({ length: 65 }, (_, i) => packed(colours((i / 64) ** 2)));
  const still = packed(rgb(none));
  for (const i of order) {
    const t = merit[cloud.rows[i]];
    const x = ((frame.px(cloud.xs[i]) - frame.left) * ratio) | 0;
    const y = ((frame.py(cloud.ys[i]) - frame.top) * ratio) | 0;
    if (x < 0 || y < 0 || x >= width - 1 || y >= height - 1) continue;
    const at = y * width + x;
    pixels[at] = pixels[at + 1] = pixels[at + width] = pixels[at + width + 1] = tint ? packed(rgb(tint(cloud.rows[i]))) : t === t ? lut[Math.round(t * 64)] : still;
  }
  brush.putImageData(image, 0, 0);
  context.drawImage(canvas, frame.left, frame.top, width / ratio, height / ratio);
}
