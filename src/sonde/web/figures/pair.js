// @ts-check
/** Trials as points over two axes; the one under the pointer is named. */
import { drawCloud, placesOn, scaleOf } from "../charts/cloud.js";
import { nearest } from "../charts/history.js";
import { drawRing } from "../charts/points.js";
import { html, useMemo, useState } from "../html.js";
import { count } from "../numbers.js";
import { theme } from "../theme.js";
import { Plot } from "../ui/plot.js";
import { placesOrEdge, textAt } from "./table.js";

/**
 * @param {{ table: import("./table.js").Table, x: import("../charts/axis.js").Axis, y: import("../charts/axis.js").Axis,
 *   merit: Float32Array, file: string, height?: number, isGoal?: boolean, hasRim?: boolean, behind?: any, over?: any }} props
 * `isGoal`: what has no place on y lies on its edge; `behind`, `over`: what else is drawn
 */
export function Pair({ table, x, y, merit, file, height = 230, isGoal = false, hasRim = false, behind, over }) {
  const [under, setUnder] = useState(-1);
  const cloud = useMemo(() => {
    const [xs, ys] = [placesOn(x, table.all), isGoal ? placesOrEdge(y, table.all) : placesOn(y, table.all)];
    const kept = [...table.all].filter((row) => xs[row] === xs[row] && ys[row] === ys[row]);
    const of = (/** @type {Float64Array} */ list) => Float64Array.from(kept, (row) => list[row]);
    return { rows: Uint32Array.from(kept), xs: of(xs), ys: of(ys), without: table.count - kept.length };
  }, [table, x, y]);
  const row = under >= 0 && under < cloud.rows.length ? cloud.rows[under] : -1;
  return html`<figure class="one"><${Plot} label=${`${y.title} over ${x.title} of ${count(cloud.rows.length, "trial")}`} name=${file}
      x=${scaleOf(x)} y=${scaleOf(y)} height=${height} deps=${[cloud, merit, theme.value]}
      draw=${(/** @type {any} */ frame, /** @type {any} */ context) => {
        behind?.(frame, context);
        drawCloud(frame, context, table, cloud, merit, hasRim, table.tint);
        over?.(frame, context);
      }}
      over=${(/** @type {any} */ frame, /** @type {any} */ context) => row >= 0 && drawRing(frame, context, /** @type {any} */ (cloud), under)}
      point=${(/** @type {any} */ frame, /** @type {number} */ left, /** @type {number} */ top) =>
        setUnder(left < 0 ? -1 : nearest(/** @type {any} */ (cloud), frame.px, frame.py, left, top))} />
    <figcaption class="muted">${
      row >= 0
        ? `${table.nameOf(row)}: ${x.title} ${textAt(x.column, row)}, ${y.title} ${textAt(y.column, row)}`
        : cloud.without
          ? `${count(cloud.without, "trial")} without ${x.title} or ${y.title} not drawn`
          : html`<br />`
    }</figcaption></figure>`;
}
