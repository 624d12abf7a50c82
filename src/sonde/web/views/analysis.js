// @ts-check
/** Further ways to look at a sweep's trials; the filter and the brushes narrow all of them. */
import { href, part, place } from "../address.js";
import { html } from "../html.js";
import { Edf } from "./edf.js";
import { Importance } from "./importance.js";
import { Matrix } from "./matrix.js";
import { Pair } from "./pair.js";
import { Pareto } from "./pareto.js";
import { Slice } from "./slice.js";
import { Timeline } from "./timeline.js";

/** @type {Record<string, { title: string, says: string, View: any }>} */
const KINDS = {
  "": { title: "Importance", says: "Which parameters the result depends on.", View: Importance },
  slice: { title: "Slice", says: "The result over each parameter by itself.", View: Slice },
  pair: { title: "Contour and rank", says: "The result over two parameters at once.", View: Pair },
  edf: { title: "EDF", says: "How many of the results are at most so large (the empirical distribution function).", View: Edf },
  matrix: { title: "Scatter matrix", says: "Parameters and results, each against each.", View: Matrix },
  pareto: { title: "Pareto", says: "What can be had of several goals at once.", View: Pareto },
  timeline: { title: "Timeline", says: "Which agent ran what, and when.", View: Timeline },
};
const chosenKind = part("kind");

/** @param {{ board: import("../board.js").Board }} props */
export function Analysis({ board }) {
  const name = chosenKind.value in KINDS ? chosenKind.value : "";
  const kind = KINDS[name];
  return html`<nav class="tabs is-inner" aria-label="Kinds of analysis">${Object.entries(KINDS).map(
      ([key, { title }]) => html`<a key=${key} href=${href({ ...place.value, kind: key })} aria-current=${key === name ? "page" : undefined}>${title}</a>`,
    )}</nav>
    <p class="muted">${kind.says}</p>
    <${kind.View} key=${name} board=${board} />`;
}
