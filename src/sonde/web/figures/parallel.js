// @ts-check
/** Each trial as a line through its values (`parallel`); the one under the pointer stands out. */
import { drawLines, heights, paintAxes } from "../charts/parallel.js";
import { html, useLayoutEffect, useMemo, useRef, useState } from "../html.js";
import { count } from "../numbers.js";
import { colour, theme } from "../theme.js";
import { sized } from "../ui/plot.js";
import { Save } from "../ui/save.js";
import { useWidth } from "../ui/size.js";
import { Legend } from "./legend.js";
import { show } from "./page.js";
import { Table, textAt, tintOf } from "./table.js";

const HEIGHT = 440;
const [TOP, BOTTOM, SIDE, LEAST_GAP] = [46, 40, 46, 84];
const REACH = 7; // pixels

/** @param {{ runs: any[], name: string }} props */
function Picture({ runs, name }) {
  const [room, wide] = useWidth();
  const [under, setUnder] = useState(-1);
  const base = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const front = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  /** @type {{ table: Table, axes: import("../charts/axis.js").Axis[], merit: Float32Array }} */
  const { table, axes, merit } = useMemo(() => {
    const table = new Table(runs, (run) => [...run.columns, { axis: run.goal, values: run.points.value }]);
    return { table, axes: table.list.map((one) => table.axis(one)), merit: table.merit(runs[0].goal.direction === "maximize") };
  }, [runs]);
  const width = Math.max(wide, 2 * SIDE + LEAST_GAP * (axes.length - 1));
  /** @type {{ width: number, height: number, top: number, bottom: number, xs: number[] }} */
  const frame = useMemo(() => {
    const gap = (width - 2 * SIDE) / Math.max(axes.length - 1, 1);
    return { width, height: HEIGHT, top: TOP, bottom: HEIGHT - BOTTOM, xs: axes.map((_, i) => SIDE + i * gap) };
  }, [width, axes]);
  const placed = useMemo(() => heights(/** @type {any} */ (table), axes, frame), [table, axes, frame]);
  const dressed = theme.value;
  const paint = (/** @type {CanvasRenderingContext2D} */ context) => {
    for (const run of runs) {
      const rows = table.all.filter((row) => table.rows[row].run === run);
      const shades = run.isAlone ? merit : new Float32Array(table.count).fill(Number.NaN);
      drawLines(context, frame, placed.ys, rows, shades, run.isAlone ? colour("ghost-strong") : tintOf(run.place), false);
    }
    paintAxes(context, axes, frame);
  };
  useLayoutEffect(() => {
    if (wide) paint(sized(base.current, frame.width, frame.height));
  }, [table, placed, merit, wide > 0, dressed]);
  useLayoutEffect(() => {
    const context = sized(front.current, frame.width, frame.height);
    if (under < 0 || under >= table.count) return;
    context.strokeStyle = colour("best");
    context.lineWidth = 2.4;
    context.beginPath();
    frame.xs.forEach((x, i) => (i ? context.lineTo(x, placed.ys[i][under]) : context.moveTo(x, placed.ys[i][under])));
    context.stroke();
  }, [under, placed, dressed]);
  const moved = (/** @type {PointerEvent} */ event) => {
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    setUnder(closest(frame, placed.ys, event.clientX - box.left, event.clientY - box.top));
  };
  const label = `Parallel coordinates: ${count(table.count, "trial")} over ${axes.map((axis) => axis.title).join(", ")}`;
  const said = under >= 0 && under < table.count ? `${table.nameOf(under)}: ${axes.map((axis) => `${axis.title} ${textAt(axis.column, under)}`).join(", ")}` : "";
  return html`<${Save} name=${name} label=${label} size=${() => [frame.width, frame.height]} paint=${paint} />
    <div class="scroll parallel" ref=${room} tabindex="0" role="region" aria-label="Parallel coordinates">
      <div class="stack" style=${{ width: `${width}px`, height: `${HEIGHT}px` }} onPointerMove=${moved} onPointerLeave=${() => setUnder(-1)}>
        <canvas ref=${base} role="img" aria-label=${label}></canvas><canvas ref=${front} aria-hidden="true"></canvas></div></div>
    <${Legend} runs=${[]} under=${said}>
      ${runs.every((run) => run.isAlone) && html`<span><i class="ramp" aria-hidden="true"></i> worse to better</span><span><i class="ghost-line" aria-hidden="true"></i> without a result</span>`}
      ${placed.hasMissing && html`<span>below an axis: no such value</span>`}${placed.hasOdd && html`<span>above: NaN or infinite</span>`}<//>`;
}

/** The row whose line is nearest to the pointer, or -1. @param {{ xs: number[] }} frame @param {Float32Array[]} ys @param {number} left @param {number} top */
function closest({ xs }, ys, left, top) {
  const i = Math.min(Math.max(xs.findIndex((x) => x > left) - 1, 0), xs.length - 2);
  if (i < 0 || left < xs[0] - REACH || left > xs[xs.length - 1] + REACH) return -1;
  const at = left > xs[xs.length - 1] ? xs.length - 2 : i;
  const t = (left - xs[at]) / (xs[at + 1] - xs[at]);
  let least = REACH;
  let found = -1;
  for (let row = 0; row < ys[at].length; row++) {
    const far = Math.abs(ys[at][row] + (ys[at + 1][row] - ys[at][row]) * t - top);
    if (far < least) [least, found] = [far, row];
  }
  return found;
}

show(Picture);
