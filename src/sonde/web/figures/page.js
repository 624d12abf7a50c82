// @ts-check
/** A page that is one figure: it needs no server, all that it shows stands in it. */
import { html, render, useMemo, useState } from "../html.js";
import { theme } from "../theme.js";
import { Note } from "../ui/confirm.js";

/**
 * @typedef {object} Shown
 * @property {string} title
 * @property {string} name of the files that it is saved as
 * @property {string[]} said which trials it shows, a line each
 * @property {string[][]} lanes of a timeline: what each agent of each sweep is called
 * @property {any} figure as docs/figures.md has it
 */

/** Show the figure that stands in this page. @param {any} Picture what draws its kind */
export function show(Picture) {
  const read = (/** @type {string} */ id) => JSON.parse(document.getElementById(id)?.textContent ?? "");
  const shown = { ...read("words"), figure: read("data") };
  const root = /** @type {Element} */ (document.getElementById("app"));
  root.textContent = "";
  document.documentElement.dataset.theme = theme.peek(); // as the system has it
  render(html`<main><${Page} Picture=${Picture} shown=${shown} /></main><${Note} />`, root);
}

/** @param {{ Picture: any, shown: Shown }} props */
function Page({ Picture, shown }) {
  const { title, name, said, lanes, figure } = shown;
  const all = useMemo(() => {
    const found = figure.runs ?? [figure];
    return found.map((/** @type {any} */ run, /** @type {number} */ place) => ({ ...run, place, isAlone: found.length === 1 }));
  }, []);
  const [hidden, setHidden] = useState(/** @type {number[]} */ ([]));
  const runs = useMemo(() => all.filter((/** @type {any} */ run) => !hidden.includes(run.place)), [hidden]);
  const toggle = (/** @type {number} */ place) => setHidden(hidden.includes(place) ? hidden.filter((/** @type {number} */ one) => one !== place) : [...hidden, place]);
  return html`<section class="panel figure-page"><h1>${title}</h1>
    ${all.length > 1 && html`<div class="legend sweeps" role="group" aria-label="Sweeps">${all.map((/** @type {any} */ run) => html`<button key=${run.place} class="small" aria-pressed=${!hidden.includes(run.place)} disabled=${runs.length === 1 && !hidden.includes(run.place)}
      onClick=${() => toggle(run.place)}><i style=${{ background: `var(--group-${run.place % 8})` }} aria-hidden="true"></i> ${run.source.name}</button>`)}</div>`}
    <${Picture} figure=${figure} runs=${runs} name=${name} lanes=${lanes} />
    ${said.map((text) => html`<p class="muted" key=${text}>${text}</p>`)}</section>`;
}
