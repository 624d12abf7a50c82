// @ts-check
/** What shapes and colours mean, beneath a figure. */
import { html } from "../html.js";
import { Shape } from "../ui/state.js";
import { statesOf } from "./table.js";

/** @param {{ runs: any[], hasRamp?: boolean, under?: any, children?: any }} props */
export function Legend({ runs, hasRamp = false, under = "", children }) {
  const isRamp = hasRamp && runs.every((run) => run.isAlone);
  return html`<p class="legend">${statesOf(runs).map((state) => html`<span key=${state}><${Shape} state=${state} /> ${state}</span>`)}
    ${isRamp && html`<span><i class="ramp" aria-hidden="true"></i> worse to better</span>`}
    ${children}
    <span class="under" role="status">${under}</span></p>`;
}
