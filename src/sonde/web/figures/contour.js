// @ts-check
/** The goal over two parameters, with what is expected in between (`contour`). */
import { drawSurface, endsOf } from "../charts/surface.js";
import { html, useMemo } from "../html.js";
import { number } from "../numbers.js";
import { Legend } from "./legend.js";
import { show } from "./page.js";
import { Pair } from "./pair.js";
import { Table } from "./table.js";

/** @param {{ runs: any[], name: string }} props */
function Picture({ runs, name }) {
  const ends = useMemo(() => endsOf(runs), [runs]);
  return html`<div class=${runs.length > 1 ? "many is-wide" : ""}>${runs.map((run) => html`<${One} key=${run.place} run=${run} ends=${ends} name=${name} />`)}</div>
    <${Legend} runs=${runs}>${
      ends
        ? html`<span><i class="ramp" aria-hidden="true"></i> ${runs[0].goal.name} ${number(ends.worst, 3)} to ${number(ends.best, 3)}</span>
          ${runs.some((run) => run.grid?.extrapolates.flat().includes(true)) && html`<span>paler: far from all results</span>`}`
        : html`<span>too few results for a surface</span>`
    }<//>`;
}

/** @param {any} props */
function One({ run, ends, name }) {
  const { table, x, y, merit } = useMemo(() => {
    const alone = { ...run, isAlone: true };
    const table = new Table([alone], () => [{ axis: run.x, values: run.values[0] }, { axis: run.y, values: run.values[1] }]);
    const [x, y] = table.list.map((one) => table.axis(one));
    return { table, x, y, merit: table.merit(run.goal.direction === "maximize") };
  }, [run]);
  const behind = (/** @type {any} */ frame, /** @type {any} */ context) => ends && run.grid && drawSurface(frame, context, run, ends, x, y, x.column, y.column);
  return html`<div>${!run.isAlone && html`<h3>${run.source.name}</h3>`}
    <${Pair} table=${table} x=${x} y=${y} merit=${merit} hasRim=${true} height=${run.isAlone ? 460 : 330} behind=${behind} file=${`${name}-${run.source.name}`} /></div>`;
}

show(Picture);
