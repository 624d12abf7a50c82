// @ts-check
/** Most of a sweep on one page: its history, curves, parallel coordinates and trials. */
import { html } from "../html.js";
import { Curves } from "./curves.js";
import { History } from "./history.js";
import { Importance } from "./importance.js";
import { Parallel } from "./parallel.js";
import { Trials } from "./trials.js";

/** @param {{ board: import("../board.js").Board }} props */
export const Overview = ({ board }) => html`<div class="two">
    <${History} board=${board} />
    <${Curves} board=${board} />
  </div>
  <${Parallel} board=${board} />
  <${Importance} board=${board} />
  <${Trials} board=${board} />`;
