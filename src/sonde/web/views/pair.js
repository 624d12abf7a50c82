// @ts-check
/** Two parameters at once: what is expected between the results, and each result's rank. */
import { adjust, part } from "../address.js";
import { merits } from "../charts/parallel.js";
import { drawSurface, endsOf } from "../charts/surface.js";
import { html, useMemo } from "../html.js";
import { number } from "../numbers.js";
import { useFigure } from "../ui/figure.js";
import { One, Key } from "./slice.js";

const chosenX = part("px");
const chosenY = part("py");
const chosenGoal = part("goal");

/** @param {{ board: import("../board.js").Board }} props */
export function Pair({ board }) {
  const { columns } = board.pictured.value;
  const goal = columns.goals.find((column) => column.name === chosenGoal.value) ?? columns.goals[0];
  const params = columns.role("param").filter((column) => !column.about.constant);
  if (!goal || params.length < 2) return html`<p class="nothing panel">It takes two parameters and a metric to be made better.</p>`;
  const x = params.find((column) => column.name === chosenX.value) ?? params[0];
  const y = params.find((column) => column.name === chosenY.value && column !== x) ?? params.find((column) => column !== x) ?? params[1];
  const choice = (/** @type {string} */ title, /** @type {string} */ key, /** @type {any} */ now, /** @type {any} */ other) => html`<label>${title}
    <select value=${now.name} onChange=${(/** @type {any} */ e) => adjust({ [key]: e.target.value })}>
      ${params.filter((column) => column !== other).map((column) => html`<option key=${column.name} value=${column.name} selected=${column === now}>${column.name}</option>`)}</select></label>`;
  return html`<section class="panel"><div class="panel-head"><h2>${goal.name} over ${x.name} and ${y.name}</h2>
      <div class="choices">${choice("Across", "px", x, y)}${choice("Up", "py", y, x)}</div></div>
    <${Both} key=${`${x.key} ${y.key}`} board=${board} x=${x} y=${y} goal=${goal} /></section>`;
}

/** @param {any} props */
function Both({ board, x, y, goal }) {
  const { columns, one } = board.pictured.value;
  const merit = useMemo(() => merits(columns, goal), [board.drawn.value, goal]);
  const { figure, error } = useFigure(board, "contour", { param: [x.name, y.name], metric: [goal.name] });
  const grid = figure?.grid ?? null;
  const ends = useMemo(() => (grid ? endsOf([figure]) : null), [grid]);
  const behind = (/** @type {any} */ frame, /** @type {CanvasRenderingContext2D} */ context, /** @type {any} */ ax, /** @type {any} */ ay) =>
    ends && drawSurface(frame, context, figure, ends, ax, ay, x, y);
  return html`<div class="two is-tight">
      <figure class="one"><h3>What is expected</h3><${One} board=${board} x=${x} y=${y} merit=${merit} height=${380} file="contour" behind=${behind} behindKey=${grid} />
        <p class="legend">${
          ends
            ? html`<span><i class="ramp" aria-hidden="true"></i> ${goal.name} ${number(ends.worst, 3)} to ${number(ends.best, 3)}</span><span>paler: far from all results</span>`
            : html`<span>${error || (figure ? "too few results for a surface" : "reading…")}</span>`
        }</p></figure>
      <figure class="one"><h3>Rank of each ${one}</h3><${One} board=${board} x=${x} y=${y} merit=${merit} height=${380} file="rank" /><${Key} one=${one} /></figure>
    </div>`;
}
