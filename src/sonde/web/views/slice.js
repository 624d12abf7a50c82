// @ts-check
/** The result over each parameter: a small chart for each. */
import { go, part, place } from "../address.js";
import { axisOf } from "../charts/axis.js";
import { cloudOf, drawCloud, scaleOf } from "../charts/cloud.js";
import { nearest } from "../charts/history.js";
import { merits } from "../charts/parallel.js";
import { html, useMemo, useState } from "../html.js";
import { count, number, shown } from "../numbers.js";
import { valueOf } from "../columns.js";
import { Plot } from "../ui/plot.js";
import { Shape } from "../ui/state.js";

const MOST = 24;
const chosenGoal = part("goal");

/** @param {{ board: import("../board.js").Board }} props */
export function Slice({ board }) {
  const { columns, one } = board.pictured.value;
  const goal = columns.goals.find((column) => column.name === chosenGoal.value) ?? columns.goals[0];
  const merit = useMemo(() => merits(columns, goal), [columns, board.drawn.value, goal]);
  if (!goal) return html`<p class="nothing panel">This sweep has no metric to be made better.</p>`;
  const params = columns.role("param").filter((column) => !column.about.constant);
  return html`<section class="panel"><h2>${goal.name} over each parameter</h2>
    <div class="many">${params.slice(0, MOST).map((param) => html`<${One} key=${param.key} board=${board} x=${param} y=${goal} merit=${merit} />`)}</div>
    <${Key} more=${params.length - MOST} one=${one} />
  </section>`;
}

/** What the points' shapes and colours mean. @param {{ more?: number, one?: string }} props `one`: what each is */
export const Key = ({ more = 0, one = "trial" }) => html`<p class="legend"><span><${Shape} state="done" /> done</span><span><${Shape} state="stopped" /> stopped early</span><span><${Shape} state="failed" /> failed</span>
  <span><${Shape} state="running" /> running</span><span><i class="ramp" aria-hidden="true"></i> worse to better</span>
  ${one === "assignment" && html`<span>each the mean of an assignment's repeats</span>`}
  ${more > 0 && html`<span>${count(more, "further parameter")} not shown</span>`}</p>`;

/**
 * Trials over one thing and another; a press opens the trial.
 * @param {{ board: import("../board.js").Board, x: import("../columns.js").Column, y: import("../columns.js").Column, merit: Float32Array, height?: number, file?: string, behind?: any, behindKey?: unknown }} props
 */
export function One({ board, x, y, merit, height = 210, file = "slice", behind, behindKey }) {
  const { columns, rows, one } = board.pictured.value;
  const version = board.drawn.value;
  const [under, setUnder] = useState(-1);
  const [ax, ay] = useMemo(() => [axisOf(columns, x), axisOf(columns, y)], [version, x, y]);
  const cloud = useMemo(() => cloudOf(ax, ay, rows), [ax, ay, rows]);
  const row = under >= 0 ? cloud.rows[under] : -1;
  return html`<figure class="one"><${Plot} label=${`${y.name} over ${x.name} of ${count(cloud.rows.length, one)}`} name=${`${board.detail.peek().name}-${file}-${x.name}`}
      x=${scaleOf(ax)} y=${scaleOf(ay)} height=${height} deps=${[cloud, merit, behindKey]}
      draw=${(/** @type {any} */ frame, /** @type {any} */ context) => {
        behind?.(frame, context, ax, ay);
        drawCloud(frame, context, columns, cloud, merit, Boolean(behind));
      }}
      point=${(/** @type {any} */ frame, /** @type {number} */ left, /** @type {number} */ top) =>
        setUnder(left < 0 ? -1 : nearest(/** @type {any} */ (cloud), frame.px, frame.py, left, top))}
      press=${() => row >= 0 && go({ sweep: place.peek().sweep, trial: row })} />
    <figcaption class="muted">${
      row >= 0
        ? `${one === "trial" ? "" : "as "}#${row} ${x.name} ${shown(valueOf(x, row))}, ${y.name} ${number(y.values[row])}`
        : cloud.without
          ? `${count(cloud.without, one)} without ${x.name} or ${y.name} not drawn`
          : html`<br />`
    }</figcaption></figure>`;
}
