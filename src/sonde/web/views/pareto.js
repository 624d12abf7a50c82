// @ts-check
/** Several goals: each pair of them, with the trials that none is better than in all. */
import { go, place } from "../address.js";
import { isSkewed } from "../charts/axis.js";
import { nearest, points } from "../charts/history.js";
import { drawPoints, drawRing } from "../charts/points.js";
import { html, useMemo, useState } from "../html.js";
import { count, number } from "../numbers.js";
import { colour } from "../theme.js";
import { Plot, range } from "../ui/plot.js";
import { Shape } from "../ui/state.js";

/** @param {{ board: import("../board.js").Board }} props */
export function Pareto({ board }) {
  const { columns, rows, one } = board.pictured.value;
  const version = board.drawn.value;
  const goals = columns.goals;
  const front = useMemo(() => wholeFront(columns, rows), [columns, version, rows]);
  if (goals.length < 2)
    return html`<p class="nothing panel">A front takes two goals or more, and this sweep has ${goals.length === 1 ? `one: ${goals[0].name}` : "none"}.
      <code>--metric a:min --metric b:max</code> gives two.</p>`;
  const pairs = goals.flatMap((x, i) => goals.slice(i + 1).map((y) => ({ x, y })));
  return html`<section class="panel"><div class="panel-head"><h2>${count(front.size, one)} that no other beats in ${goals.length > 2 ? `all ${goals.length} goals` : "both goals"}</h2></div>
    <div class=${pairs.length > 1 ? "many is-wide" : ""}>${pairs.map(({ x, y }) => html`<${Two} key=${`${x.key} ${y.key}`} board=${board} x=${x} y=${y} front=${front} height=${pairs.length > 1 ? 280 : 400} />`)}</div>
    <p class="legend"><span><${Shape} state="done" /> done</span><span><${Shape} state="stopped" /> stopped early</span><span><i class="best-line" aria-hidden="true"></i> no other is better in both</span>
      ${goals.length > 2 && html`<span>ringed: no other is better in all</span>`}</p></section>`;
}

/** @param {any} props */
function Two({ board, x, y, front, height }) {
  const { columns, rows, one } = board.pictured.value;
  const [under, setUnder] = useState(-1);
  const found = useMemo(() => points(columns, y, rows, x), [x, y, board.drawn.value, rows]);
  const all = useMemo(() => new Uint8Array(columns.count).fill(1), [columns.count]);
  const isLog = (/** @type {any} */ column, /** @type {Float64Array} */ values) => values.length > 0 && values.every((v) => v > 0) && isSkewed(column, values.reduce((a, b) => Math.max(a, b), 0));
  const row = under >= 0 ? found.rows[under] : -1;
  return html`<figure class="one"><${Plot} label=${`${y.name} over ${x.name} of ${count(found.rows.length, one)}; ${count(found.front?.length ?? 0, one)} on the front`}
      name=${`${board.detail.peek().name}-pareto-${x.name}-${y.name}`} height=${height}
      x=${{ ...range([found.xs], isLog(x, found.xs)), title: `${x.name} (${x.about.direction})` }} y=${{ ...range([found.ys], isLog(y, found.ys)), title: `${y.name} (${y.about.direction})` }}
      deps=${[found, all, front]}
      draw=${(/** @type {any} */ frame, /** @type {any} */ context) => {
        drawPoints(frame, context, columns, found, all);
        context.strokeStyle = colour("best");
        context.lineWidth = 1.5;
        found.rows.forEach((/** @type {number} */ own, /** @type {number} */ i) => {
          if (!front.has(own)) return;
          context.beginPath();
          context.arc(frame.px(found.xs[i]), frame.py(found.ys[i]), 5, 0, 7);
          context.stroke();
        });
      }}
      over=${(/** @type {any} */ frame, /** @type {any} */ context) => under >= 0 && under < found.rows.length && drawRing(frame, context, found, under)}
      point=${(/** @type {any} */ frame, /** @type {number} */ left, /** @type {number} */ top) => setUnder(left < 0 ? -1 : nearest(found, frame.px, frame.py, left, top))}
      press=${() => row >= 0 && go({ sweep: place.peek().sweep, trial: row })} />
    <figcaption class="muted">${row >= 0 ? `${one === "trial" ? "" : "as "}#${row} ${x.name} ${number(x.values[row])}, ${y.name} ${number(y.values[row])}` : found.without ? `${count(found.without, one)} without one of them not drawn` : html`<br />`}</figcaption></figure>`;
}

/** The trials that no other beats in every goal. @param {import("../columns.js").Columns} columns @param {Uint32Array} rows @returns {Set<number>} */
export function wholeFront(columns, rows) {
  const goals = columns.goals;
  const signs = goals.map((goal) => (goal.about.direction === "maximize" ? -1 : 1));
  const counts = columns.states.map((state) => state === "done" || state === "stopped");
  const [feasible, short] = [columns.byKey.get("feasible"), columns.byKey.get("short")];
  const able = [...rows].filter(
    (row) =>
      counts[columns.state[row]] && goals.every((goal) => Number.isFinite(goal.values[row])) &&
      feasible?.words[feasible.values[row]] !== false && short?.words[short.values[row]] !== true,
  );
  const loss = (/** @type {number} */ row) => goals.map((goal, i) => signs[i] * goal.values[row]);
  const order = able.map((row) => ({ row, at: loss(row) })).sort((a, b) => {
    for (let i = 0; i < a.at.length; i++) if (a.at[i] !== b.at[i]) return a.at[i] - b.at[i];
    return a.row - b.row;
  });
  // In this order whoever beats a trial comes before it.
  /** @type {{ row: number, at: number[] }[]} */
  const front = [];
  for (const one of order) if (!front.some((other) => other.at.every((v, i) => v <= one.at[i]) && other.at.some((v, i) => v < one.at[i]))) front.push(one);
  return new Set(front.map(({ row }) => row));
}
