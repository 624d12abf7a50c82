// @ts-check
/** Pairs of parameters, each trial coloured by how good it is among all (`rank`). */
import { html, useMemo } from "../html.js";
import { Legend } from "./legend.js";
import { show } from "./page.js";
import { Pair } from "./pair.js";
import { Table, numbersOf } from "./table.js";

/** @param {{ runs: any[], name: string }} props */
function Picture({ runs, name }) {
  return html`${runs.map((run) => html`<${One} key=${run.place} run=${run} name=${name} />`)}
    <${Legend} runs=${runs.map((run) => ({ ...run, isAlone: true }))} hasRamp=${true} />`;
}

/** @param {any} props */
function One({ run, name }) {
  const { table, axes, merit } = useMemo(() => {
    const table = new Table([{ ...run, isAlone: true }], () => run.columns);
    return { table, axes: table.list.map((one) => table.axis(one)), merit: Float32Array.from(numbersOf(run.rank), (rank) => 1 - rank) };
  }, [run]);
  return html`${!run.isAlone && html`<h3>${run.source.name}</h3>`}
    <div class=${run.pairs.length > 1 ? "many" : ""}>${run.pairs.map((/** @type {number[]} */ [x, y]) => html`<${Pair} key=${`${x} ${y}`} table=${table} x=${axes[x]} y=${axes[y]} merit=${merit}
      height=${run.pairs.length > 1 ? 260 : 400} file=${`${name}-${axes[x].title}-${axes[y].title}`} />`)}</div>`;
}

show(Picture);
