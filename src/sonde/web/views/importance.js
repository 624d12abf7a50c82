// @ts-check
/** Which parameters matter: the share that each explains, with its interval, and its correlation. */
import { adjust, part } from "../address.js";
import { html } from "../html.js";
import { count } from "../numbers.js";
import { Bars } from "../ui/bars.js";
import { useFigure } from "../ui/figure.js";

const MOST = 30;
/** By the server's name: what it is called, what a share is, and what its interval is made from. */
const METHODS = {
  fanova: ["functional ANOVA of a random forest", "share of the variation that it explains by itself", "where 9 in 10 trees of the forest see it"],
  "ped-anova": ["PED-ANOVA: what the best tenth have in common", "share of how the best differ from all", "where it is in 9 of 10 draws"],
  permutation: ["permutation in a random forest", "what the forest loses without knowing it", "where 9 in 10 trees of the forest see it"],
  correlation: ["rank correlation", "rank correlation squared, less chance", "where it is in 9 of 10 draws"],
};
const chosenGoal = part("goal");
const chosenMethod = part("how");

/** @param {{ board: import("../board.js").Board }} props */
export function Importance({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const goal = columns.goals.find((column) => column.name === chosenGoal.value) ?? columns.goals[0];
  if (!goal) return null;
  return html`<${Shown} board=${board} goal=${goal} />`;
}

/** @param {{ board: import("../board.js").Board, goal: import("../columns.js").Column }} props */
function Shown({ board, goal }) {
  const method = /** @type {keyof typeof METHODS} */ (chosenMethod.value in METHODS ? chosenMethod.value : "fanova");
  const { figure, error, isOld } = useFigure(board, "importance", { method, metric: [goal.name] });
  const [called, share, interval] = METHODS[/** @type {keyof typeof METHODS} */ (figure?.method in METHODS ? figure.method : method)];
  const found = figure?.goals.find((/** @type {any} */ one) => one.metric === goal.name);
  const shares = (found?.shares ?? []).slice(0, MOST);
  const name = board.detail.peek().name;
  const percent = (/** @type {number} */ v) => `${Math.round(100 * v)} %`;
  return html`<section class=${isOld ? "panel is-old" : "panel"}>
    <div class="panel-head"><h2>What matters for ${goal.name}</h2>
      <p class="muted">${shares.length ? `from ${count(Math.max(...shares.map((/** @type {any} */ s) => s.trials)), "result")}` : ""}</p>
      <div class="choices"><label>By <select value=${method} onChange=${(/** @type {any} */ e) => adjust({ how: e.target.value === "fanova" ? null : e.target.value })}>
        ${Object.entries(METHODS).map(([key, [title]]) => html`<option key=${key} value=${key} selected=${key === method}>${title}</option>`)}</select></label></div></div>
    ${
      error
        ? html`<p class="nothing">${error}</p>`
        : !figure
          ? html`<p class="nothing" role="status">Growing a forest…</p>`
          : shares.length === 0
            ? html`<p class="nothing">Too few of the trials shown ended with a number to tell.</p>`
            : html`<div class="two is-tight">
                <${Bars} shares=${shares} name=${`${name}-importance`} title=${share}
                  label=${`${called}: ${shares.map((/** @type {any} */ s) => `${s.name} ${percent(s.share)}`).join(", ")}`}
                  low=${0} high=${Math.min(1, Math.max(0.1, ...shares.map((/** @type {any} */ s) => s.high)) * 1.05)} text=${percent}
                  of=${(/** @type {any} */ s) => s.share} span=${(/** @type {any} */ s) => [s.low, s.high]} />
                <${Bars} shares=${shares} name=${`${name}-correlation`} title=${`correlation of its value with ${goal.name}`}
                  label=${`Correlation: ${shares.map((/** @type {any} */ s) => `${s.name} ${s.correlation === null ? "none" : Number(s.correlation).toFixed(2)}`).join(", ")}`}
                  low=${-1} high=${1} text=${(/** @type {number} */ v) => v.toFixed(1).replace("-", "−")} of=${(/** @type {any} */ s) => s.correlation} />
              </div>
              <p class="legend"><span><i class="whisker" aria-hidden="true"></i> ${interval}</span>
              <span>Spearman's correlation; choices without an order have none</span>
              <span class="under">${found.left === null ? "" : `${percent(Number(found.left))} is left: what parameters do together, and noise`}</span></p>`
    }
  </section>`;
}
