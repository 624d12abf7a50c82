// @ts-check
/** How parameters and metrics go with each other (`correlation`): a table, shaded. */
import { html } from "../html.js";
import { show } from "./page.js";

/** @param {{ runs: any[] }} props */
const Picture = ({ runs }) => html`${runs.map((run) => html`<${One} key=${run.place} run=${run} />`)}
  <p class="legend"><span>Spearman's rank correlation, over the trials that have both</span>
    ${runs[0].unordered.length > 0 && html`<span>without an order: ${runs[0].unordered.join(", ")}</span>`}</p>`;

/** @param {{ run: any }} props */
function One({ run }) {
  const names = run.axes.map((/** @type {any} */ axis) => axis.name);
  return html`${!run.isAlone && html`<h3>${run.source.name}</h3>`}
    <div class="scroll" tabindex="0" role="region" aria-label=${`Correlations of ${run.source.name}`}><table class="correlations"><thead><tr><td></td>${names.map((/** @type {string} */ name) => html`<th key=${name} scope="col">${name}</th>`)}</tr></thead>
      <tbody>${names.map((/** @type {string} */ name, /** @type {number} */ row) => html`<tr key=${name}><th scope="row">${name}</th>
        ${run.value[row].map((/** @type {any} */ value, /** @type {number} */ at) => html`<${Cell} key=${at} value=${Number(value)} trials=${run.count[row][at]} />`)}</tr>`)}</tbody></table></div>`;
}

/** @param {{ value: number, trials: number }} props */
function Cell({ value, trials }) {
  if (Number.isNaN(value)) return html`<td class="num muted" title=${`${trials} trials`}>–</td>`;
  const paint = `color-mix(in srgb, var(${value < 0 ? "--group-1" : "--group-0"}) ${Math.round(Math.abs(value) * 60)}%, transparent)`;
  const text = `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
  return html`<td class="num" style=${{ background: paint }} title=${`${trials} trials`}>${text}</td>`;
}

show(Picture);
