// @ts-check
/** States of sweeps and trials: always a shape and a word, the colour only repeats them. */
import { html } from "../html.js";

/** Each shape is drawn in a square of 12 by 12. */
const SHAPES = {
  waiting: html`<circle cx="6" cy="6" r="4" class="hollow" />`,
  idle: html`<circle cx="6" cy="6" r="4" class="hollow" /><path d="M6 3.8V6l1.6 1" class="stroke" />`,
  running: html`<path d="M3 1.5 10.5 6 3 10.5z" />`,
  paused: html`<path d="M2.5 1.5h2.6v9H2.5zM6.9 1.5h2.6v9H6.9z" />`,
  done: html`<circle cx="6" cy="6" r="4.6" />`,
  stopped: html`<path d="M2 2h8v8H2z" />`,
  stopping: html`<path d="M2.5 2.5h7v7h-7z" class="hollow" />`,
  failed: html`<path d="m2 2 8 8m0-8-8 8" class="stroke thick" />`,
  cancelled: html`<circle cx="6" cy="6" r="4.2" class="hollow" /><path d="M3.2 8.8 8.8 3.2" class="stroke" />`,
  cancelling: html`<circle cx="6" cy="6" r="4.2" class="hollow" /><path d="M3.2 8.8 8.8 3.2" class="stroke" />`,
  lost: html`<path d="m2 2 8 8m0-8-8 8" class="stroke thick" />`,
};

/** @param {{ state: string }} props */
export const Shape = ({ state }) => html`<svg
  class=${`shape is-${state}`}
  viewBox="0 0 12 12"
  width="12"
  height="12"
  aria-hidden="true"
>${SHAPES[/** @type {keyof typeof SHAPES} */ (state)] ?? null}</svg>`;

/** @param {{ state: string, title?: string }} props */
export const State = ({ state, title }) => html`<span class="state" title=${title}>
  <${Shape} state=${state} />${state}</span>`;
