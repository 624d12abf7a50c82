// @ts-check
/** Parameters and results, each against each: below the diagonal points, on it how they spread. */
import { adjust, part } from "../address.js";
import { axisOf } from "../charts/axis.js";
import { drawCloud, placesOn } from "../charts/cloud.js";
import { merits } from "../charts/parallel.js";
import { html, useLayoutEffect, useMemo, useRef } from "../html.js";
import { count } from "../numbers.js";
import { colour, theme } from "../theme.js";
import { sized } from "../ui/plot.js";
import { Save } from "../ui/save.js";
import { useWidth } from "../ui/size.js";
import { Key } from "./slice.js";

const MOST = 8;
const USUAL = 5;
const LEFT = 84;
const LEAST = 88; // pixels of a cell
const BINS = 24;
const chosen = part("dims");

/** @param {{ board: import("../board.js").Board }} props */
export function Matrix({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const version = board.drawn.value;
  const rows = board.drawnChosen.value;
  const [room, wide] = useWidth();
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const all = [...columns.goals, ...columns.role("param").filter((column) => !column.about.constant)];
  const keys = chosen.value ? chosen.value.split(",") : all.slice(0, USUAL).map((column) => column.key);
  const axes = useMemo(() => all.filter((column) => keys.includes(column.key)).slice(0, MOST).map((column) => axisOf(columns, column)), [version, keys.join()]);
  const merit = useMemo(() => merits(columns, columns.goals[0]), [version]);
  const places = useMemo(() => axes.map((/** @type {any} */ axis) => placesOn(axis, rows)), [axes, rows]);
  const width = Math.max(wide, LEFT + LEAST * axes.length);
  const cell = (width - LEFT) / Math.max(axes.length, 1);
  const tall = Math.min(cell, 180);
  const height = tall * axes.length + 36;
  const dressed = theme.value;
  const paint = (/** @type {CanvasRenderingContext2D} */ context) => paintAll(context, columns, axes, rows, places, merit, cell, tall);
  useLayoutEffect(() => {
    if (wide) paint(sized(canvas.current, width, height));
  }, [places, merit, wide > 0, width, height, dressed]);
  const choose = (/** @type {string} */ key, /** @type {boolean} */ isOn) =>
    adjust({ dims: all.map((column) => column.key).filter((k) => (k === key ? isOn : keys.includes(k))).join() });
  const label = `Scatter matrix of ${count(rows.length, "trial")}: ${axes.map((/** @type {any} */ axis) => axis.title).join(", ")}`;
  return html`<section class="panel"><div class="panel-head"><h2>Each against each</h2><div class="choices">
      <details class="menu"><summary>Which</summary><div class="menu-list">${all.map(
        (column) => html`<label key=${column.key}><input type="checkbox" checked=${keys.includes(column.key)} disabled=${!keys.includes(column.key) && axes.length >= MOST}
          onChange=${(/** @type {any} */ e) => choose(column.key, e.target.checked)} /> ${column.name}</label>`,
      )}</div></details>
      <${Save} name=${`${board.detail.peek().name}-matrix`} label=${label} size=${() => [width, height]} paint=${paint} /></div></div>
    <div class="scroll" ref=${room} tabindex="0" role="region" aria-label="Scatter matrix"><div class="stack" style=${{ width: `${width}px`, height: `${height}px` }}>
      <canvas ref=${canvas} role="img" aria-label=${label}></canvas></div></div>
    <${Key} /></section>`;
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("../columns.js").Columns} columns @param {import("../charts/axis.js").Axis[]} axes
 * @param {Uint32Array} rows @param {Float64Array[]} places @param {Float32Array} merit @param {number} wide @param {number} tall
 */
function paintAll(context, columns, axes, rows, places, merit, wide, tall) {
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
      drawCloud(frame, context, columns, { rows: Uint32Array.from(kept, (k) => rows[k]), xs: of(places[i]), ys: of(places[j]), without: 0 }, merit);
    });
  });
}

/** The first and the last mark of an axis, and where they lie on it. @param {import("../charts/axis.js").Axis} axis */
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
