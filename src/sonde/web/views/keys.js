// @ts-check
/** What the keys do, told when one asks by `?`. */
import { html } from "../html.js";
import { open } from "../ui/dialog.js";

const KEYS = [
  ["/", "to the filter"],
  ["j k ↓ ↑", "in the table: to the next trial, to the one before"],
  ["Enter", "in the table: open the trial"],
  ["x", "in the table: choose the trial to be compared"],
  ["Shift ← →", "on a title of the table: move the column"],
  ["c", "compare the chosen trials"],
  ["p", "pause the sweep, or resume it"],
  ["g s", "to the list of sweeps"],
  ["t", "light or dark"],
  ["?", "these keys"],
];

export const tellKeys = () =>
  open("Keys", (close) => html`<dl class="keys">${KEYS.map(
    ([keys, does]) => html`<dt key=${keys}>${keys.split(" ").map((key) => html`<kbd key=${key}>${key}</kbd> `)}</dt><dd>${does}</dd>`,
  )}</dl>
  <div class="buttons"><button class="main" onClick=${close}>Close</button></div>`);
