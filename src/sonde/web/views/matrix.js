// @ts-check
/** Parameters and results, each against each: below the diagonal points, on it how they spread. */
import { adjust, part } from "../address.js";
import { axisOf } from "../charts/axis.js";
import { placesOn } from "../charts/cloud.js";
import { LEAST, LEFT, paintMatrix } from "../charts/matrix.js";
import { merits } from "../charts/parallel.js";
import { html, useLayoutEffect, useMemo, useRef } from "../html.js";
import { count } from "../numbers.js";
import { theme } from "../theme.js";
import { sized } from "../ui/plot.js";
import { Save } from "../ui/save.js";
import { useWidth } from "../ui/size.js";
import { Key } from "./slice.js";

const MOST = 8;
const USUAL = 5;
const chosen = part("dims");

/** @param {{ board: import("../board.js").Board }} props */
export function Matrix({ board }) {
  const { columns, rows, one } = board.pictured.value;
  const version = board.drawn.value;
  const [room, wide] = useWidth();
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const all = [...columns.goals, ...columns.role("param").filter((column) => !column.about.constant)];
  const keys = chosen.value ? chosen.value.split(",") : all.slice(0, USUAL).map((column) => column.key);
  const axes = useMemo(() => all.filter((column) => keys.includes(column.key)).slice(0, MOST).map((column) => axisOf(columns, column)), [columns, version, keys.join()]);
  const merit = useMemo(() => merits(columns, columns.goals[0]), [columns, version]);
  const places = useMemo(() => axes.map((/** @type {any} */ axis) => placesOn(axis, rows)), [axes, rows]);
  const width = Math.max(wide, LEFT + LEAST * axes.length);
  const cell = (width - LEFT) / Math.max(axes.length, 1);
  const tall = Math.min(cell, 180);
  const height = tall * axes.length + 36;
  const dressed = theme.value;
  const paint = (/** @type {CanvasRenderingContext2D} */ context) => paintMatrix(context, columns, axes, rows, places, merit, cell, tall);
  useLayoutEffect(() => {
    if (wide) paint(sized(canvas.current, width, height));
  }, [places, merit, wide > 0, width, height, dressed]);
  const choose = (/** @type {string} */ key, /** @type {boolean} */ isOn) =>
    adjust({ dims: all.map((column) => column.key).filter((k) => (k === key ? isOn : keys.includes(k))).join() });
  const label = `Scatter matrix of ${count(rows.length, one)}: ${axes.map((/** @type {any} */ axis) => axis.title).join(", ")}`;
  return html`<section class="panel"><div class="panel-head"><h2>Each against each</h2><div class="choices">
      <details class="menu"><summary>Which</summary><div class="menu-list">${all.map(
        (column) => html`<label key=${column.key}><input type="checkbox" checked=${keys.includes(column.key)} disabled=${!keys.includes(column.key) && axes.length >= MOST}
          onChange=${(/** @type {any} */ e) => choose(column.key, e.target.checked)} /> ${column.name}</label>`,
      )}</div></details>
      <${Save} name=${`${board.detail.peek().name}-matrix`} label=${label} size=${() => [width, height]} paint=${paint} /></div></div>
    <div class="scroll" ref=${room} tabindex="0" role="region" aria-label="Scatter matrix"><div class="stack" style=${{ width: `${width}px`, height: `${height}px` }}>
      <canvas ref=${canvas} role="img" aria-label=${label}></canvas></div></div>
    <${Key} one=${one} /></section>`;
}
