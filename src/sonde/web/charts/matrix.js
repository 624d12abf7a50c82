// @ts-check
/** A matrix of charts, each axis against each: points below the diagonal, how they spread on it. */
import { colour } from "../theme.js";
import { drawCloud } from "./cloud.js";

export const LEFT = 84; // pixels for what is written at the left
export const LEAST = 88; // ... of a cell
const BINS = 24;

/**
 * @param {CanvasRenderingContext2D} context @param {import("../columns.js").Columns} columns @param {import("./axis.js").Axis[]} axes
 * @param {Uint32Array} rows @param {Float64Array[]} places @param {Float32Array} merit @param {number} wide @param {number} tall
 * @param {((row: number) => string) | null} [tint] the colour of a row, in place of that of its merit
 */
export function paintMatrix(context, columns, axes, rows, places, merit, wide, tall, tint = null) {
  const clip = (/** @type {string} */ text, /** @type {number} */ most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  axes.forEach((axis, j) => {
    context.fillStyle = colour("text");
    context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    context.textAlign = "left";
    context.fillText(clip(axis.title, 11), 0, j * tall + tall / 2 + 4);
    context.textAlign = "center";
    context.fillText(clip(axis.title, Math.floor(wide / 8)), LEFT + (j + 0.5) * wide, axes.length * tall + 30);
    context.fillStyle = colour("muted");
    context.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    for (const { text, place } of endsOf(axis)) {
      context.textAlign = place < 0.25 ? "left" : place > 0.75 ? "right" : "center";
      context.fillText(clip(text, Math.floor(wide / 14)), LEFT + j * wide + 6 + place * (wide - 12), axes.length * tall + 13);
      context.textAlign = "right";
      const y = j * tall + tall - 6 - place * (tall - 12) + 4;
      if (j && Math.abs(y - j * tall - tall / 2 - 4) > 12) context.fillText(clip(text, 9), LEFT - 3, Math.min(Math.max(y, j * tall + 11), (j + 1) * tall - 3));
    }
    axes.forEach((_, i) => {
      if (i > j) return;
      const frame = {
        left: LEFT + i * wide + 3, top: j * tall + 3, width: wide - 6, height: tall - 6,
        px: (/** @type {number} */ v) => LEFT + i * wide + 6 + v * (wide - 12),
        py: (/** @type {number} */ v) => j * tall + tall - 6 - v * (tall - 12),
      };
      context.strokeStyle = colour("line");
      context.lineWidth = 1;
      context.beginPath();
      context.rect(frame.left, frame.top, frame.width, frame.height);
      context.stroke();
      if (i === j) {
        bars(frame, context, places[i]);
        return;
      }
      const kept = [...rows.keys()].filter((k) => places[i][k] === places[i][k] && places[j][k] === places[j][k]);
      const of = (/** @type {Float64Array} */ list) => Float64Array.from(kept, (k) => list[k]);
      drawCloud(frame, context, columns, { rows: Uint32Array.from(kept, (k) => rows[k]), xs: of(places[i]), ys: of(places[j]), without: 0 }, merit, false, tint);
    });
  });
}

/** The first and the last mark of an axis, and where they lie on it. @param {import("./axis.js").Axis} axis */
const endsOf = ({ ticks, to }) =>
  (ticks.length > 2 ? [ticks[0], ticks[ticks.length - 1]] : ticks).map(({ at, text }) => ({ text, place: to(at) }));

/** How values spread over an axis. @param {import("../ui/plot.js").Frame} frame @param {CanvasRenderingContext2D} context @param {Float64Array} places */
function bars(frame, context, places) {
  const counts = new Uint32Array(BINS);
  for (const place of places) if (place === place) counts[Math.min(BINS - 1, Math.max(0, Math.floor(place * BINS)))]++;
  const most = Math.max(1, ...counts);
  context.fillStyle = colour("ghost-strong");
  counts.forEach((n, bin) => {
    const x = frame.px(bin / BINS);
    if (n) context.fillRect(x, frame.py(n / most), frame.px((bin + 1) / BINS) - x - 1, frame.py(0) - frame.py(n / most));
  });
}
