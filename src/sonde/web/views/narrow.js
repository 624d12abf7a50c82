// @ts-check
/** What narrows every view of a sweep: the filter, and how many of the best. */
import { adjust } from "../address.js";
import { html } from "../html.js";
import { count } from "../numbers.js";

/** @param {{ board: import("../board.js").Board }} props */
export function Narrowing({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  board.version.value;
  const shown = board.chosen.value.length;
  const top = Number(board.topText.value) || 100;
  return html`<div class="narrowing" role="search" aria-label="Trials that every view shows">
    <input type="search" id="filter" data-key="/" aria-label="Filter the trials" placeholder="Filter, such as lr<0.01 or failed" value=${board.filterText.value}
      onInput=${(/** @type {any} */ e) => adjust({ filter: e.target.value })} />
    ${columns.goals.length > 0 && html`<label class="muted">Best <input type="range" min="1" max="100" value=${top} aria-label="The best so many in a hundred"
      onInput=${(/** @type {any} */ e) => adjust({ top: Number(e.target.value) < 100 ? e.target.value : null })} />
      <span class="num top-share">${top < 100 ? `${top} %` : "all"}</span></label>`}
    ${board.detail.value.repeats > 1 && html`<label title="The history and the figures of Analysis show the mean of each assignment's repeats"><input type="checkbox" checked=${board.isJoined.value}
      onChange=${(/** @type {any} */ e) => adjust({ each: e.target.checked ? null : "trial" })} /> repeats as one</label>`}
    ${
      shown < columns.count
        ? html`<span>${shown.toLocaleString("en")} of ${count(columns.count, "trial")}</span>
          <button class="small" onClick=${() => board.clear()}>Show all ${columns.count.toLocaleString("en")}</button>`
        : html`<span class="muted">all ${count(columns.count, "trial")}</span>`
    }
  </div>`;
}
