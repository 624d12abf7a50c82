// @ts-check
/** Further ways to look at a sweep's trials; the filter and the brushes narrow all of them. */
import { href, part, place } from "../address.js";
import { html } from "../html.js";
import { Lazy } from "../ui/lazy.js";

/** @type {Record<string, { title: string, says: string, load: () => Promise<any> }>} */
const KINDS = {
  "": { title: "Importance", says: "Which parameters the result depends on.", load: () => import("./importance.js").then((m) => m.Importance) },
  slice: { title: "Slice", says: "The result over each parameter by itself.", load: () => import("./slice.js").then((m) => m.Slice) },
  pair: { title: "Contour and rank", says: "The result over two parameters at once.", load: () => import("./pair.js").then((m) => m.Pair) },
  edf: { title: "EDF", says: "How many of the results are at most so large (the empirical distribution function).", load: () => import("./edf.js").then((m) => m.Edf) },
  matrix: { title: "Scatter matrix", says: "Parameters and results, each against each.", load: () => import("./matrix.js").then((m) => m.Matrix) },
  pareto: { title: "Pareto", says: "What can be had of several goals at once.", load: () => import("./pareto.js").then((m) => m.Pareto) },
  timeline: { title: "Timeline", says: "Which agent ran what, and when.", load: () => import("./timeline.js").then((m) => m.Timeline) },
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
    <${Lazy} key=${name} name=${`analysis/${name}`} load=${kind.load} props=${{ board }} />`;
}
