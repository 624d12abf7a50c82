// @ts-check
/** Goals and parameters, each against each (`scatter-matrix`). */
import { placesOn } from "../charts/cloud.js";
import { LEAST, LEFT, paintMatrix } from "../charts/matrix.js";
import { html, useLayoutEffect, useMemo, useRef } from "../html.js";
import { count } from "../numbers.js";
import { theme } from "../theme.js";
import { sized } from "../ui/plot.js";
import { Save } from "../ui/save.js";
import { useWidth } from "../ui/size.js";
import { Legend } from "./legend.js";
import { show } from "./page.js";
import { Table } from "./table.js";

/** @param {{ runs: any[], name: string }} props */
function Picture({ runs, name }) {
  const [room, wide] = useWidth();
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  /** @type {{ table: Table, axes: import("../charts/axis.js").Axis[], places: Float64Array[], merit: Float32Array }} */
  const { table, axes, places, merit } = useMemo(() => {
    const table = new Table(runs, (run) => run.columns);
    const axes = table.list.map((one) => table.axis(one));
    return { table, axes, places: axes.map((axis) => placesOn(axis, table.all)), merit: table.merit(runs[0].goal.direction === "maximize") };
  }, [runs]);
  const width = Math.max(wide, LEFT + LEAST * axes.length);
  const cell = (width - LEFT) / Math.max(axes.length, 1);
  const tall = Math.min(cell, 180);
  const height = tall * axes.length + 36;
  const dressed = theme.value;
  const paint = (/** @type {CanvasRenderingContext2D} */ context) => paintMatrix(context, /** @type {any} */ (table), axes, table.all, places, merit, cell, tall, table.tint);
  useLayoutEffect(() => {
    if (wide) paint(sized(canvas.current, width, height));
  }, [places, merit, wide > 0, width, height, dressed]);
  const label = `Scatter matrix of ${count(table.count, "trial")}: ${axes.map((axis) => axis.title).join(", ")}`;
  return html`<${Save} name=${name} label=${label} size=${() => [width, height]} paint=${paint} />
    <div class="scroll" ref=${room} tabindex="0" role="region" aria-label="Scatter matrix"><div class="stack" style=${{ width: `${width}px`, height: `${height}px` }}>
      <canvas ref=${canvas} role="img" aria-label=${label}></canvas></div></div>
    <${Legend} runs=${runs} hasRamp=${true} />`;
}

show(Picture);
