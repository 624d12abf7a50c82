// @ts-check
/** How much of the variation each parameter explains (`importance`). */
import { html } from "../html.js";
import { Bars } from "../ui/bars.js";
import { show } from "./page.js";

const METHODS = {
  fanova: "share of the variation that it explains by itself",
  "ped-anova": "share of how the best differ from all",
  permutation: "what the forest loses without knowing it",
  correlation: "rank correlation squared, less chance",
};
const percent = (/** @type {number} */ v) => `${Math.round(100 * v)} %`;

/** @param {{ runs: any[], name: string }} props */
function Picture({ runs, name }) {
  const metrics = runs[0].goals.map((/** @type {any} */ goal) => goal.metric);
  return html`<div class=${metrics.length > 1 ? "two" : ""}>${metrics.map((/** @type {string} */ metric) => html`<${One} key=${metric} runs=${runs} metric=${metric} name=${name} />`)}</div>
    <p class="legend"><span><i class="whisker" aria-hidden="true"></i> the interval in which it lies, 9 times in 10</span></p>`;
}

/** @param {any} props */
function One({ runs, metric, name }) {
  /** @type {{ run: any, goal: any }[]} */
  const ofEach = runs.map((/** @type {any} */ run) => ({ run, goal: run.goals.find((/** @type {any} */ goal) => goal.metric === metric) }));
  const names = [...new Set(ofEach.flatMap(({ goal }) => (goal?.shares ?? []).map((/** @type {any} */ share) => share.name)))];
  // A parameter's bars of all sweeps together, its name at the first of them.
  const shares = names.flatMap((param) => {
    const found = ofEach.flatMap(({ run, goal }) => (goal?.shares ?? []).filter((/** @type {any} */ s) => s.name === param).map((/** @type {any} */ s) => ({ ...s, place: run.place, isAlone: run.isAlone })));
    return found.map((/** @type {any} */ share, /** @type {number} */ i) => (i ? { ...share, name: "" } : share));
  });
  if (shares.length === 0) return html`<p class="nothing">${metric}: too few of the trials ended with a number to tell.</p>`;
  const [method] = runs.map((/** @type {any} */ run) => run.method);
  const left = ofEach.filter(({ goal }) => goal && goal.left !== null).map(({ run, goal }) => `${run.isAlone ? "" : `${run.source.name} `}${percent(Number(goal.left))}`);
  return html`<figure class="one"><h3>${metric}</h3><${Bars} shares=${shares} name=${`${name}-${metric}`} title=${METHODS[/** @type {keyof typeof METHODS} */ (method)] ?? method}
      label=${shares.map((s) => `${s.name} ${percent(s.share)}`).join(", ")} low=${0} high=${Math.min(1, Math.max(0.1, ...shares.map((s) => s.high)) * 1.05)} text=${percent}
      of=${(/** @type {any} */ s) => s.share} span=${(/** @type {any} */ s) => [s.low, s.high]} tint=${(/** @type {any} */ s) => (s.isAlone ? "point" : `group-${s.place % 8}`)} />
    <figcaption class="muted">${left.length ? `left: ${left.join(", ")}: what parameters do together, and noise` : html`<br />`}</figcaption></figure>`;
}

show(Picture);
