// @ts-check
/** A sweep: how it stands, and its views. */
import { href, part, place } from "../address.js";
import { Board } from "../board.js";
import { html, useEffect, useMemo } from "../html.js";
import { command, count, duration, goalText, number, shown } from "../numbers.js";
import { Fault, Progress, Typed } from "../ui/parts.js";
import { State } from "../ui/state.js";
import { Agents } from "./agents.js";
import { Analysis } from "./analysis.js";
import { Compare } from "./compare.js";
import { Config } from "./config.js";
import { Controls } from "./controls.js";
import { Narrowing } from "./narrow.js";
import { Notes } from "./notes.js";
import { Overview } from "./overview.js";
import { eta } from "./sweeps.js";
import { TrialsTab } from "./trials.js";

/**
 * By the name in the address: what it is called, whether the filter narrows it, and what shows it.
 * @type {Record<string, { title: string, narrows: boolean, View: any }>}
 */
const TABS = {
  "": { title: "Overview", narrows: true, View: Overview },
  trials: { title: "Trials", narrows: true, View: TrialsTab },
  analysis: { title: "Analysis", narrows: true, View: Analysis },
  config: { title: "Config", narrows: false, View: Config },
  agents: { title: "Agents", narrows: false, View: Agents },
  notes: { title: "Notes", narrows: false, View: Notes },
  compare: { title: "Compare", narrows: false, View: Compare },
};
const chosenTab = part("tab");
const chosenTrials = part("sel");

/** @param {{ sweep: string }} props */
export function Sweep({ sweep }) {
  const board = useMemo(() => new Board(sweep), [sweep]);
  useEffect(() => {
    document.title = `${sweep} – sonde`;
    board.open();
    return () => board.close();
  }, [board]);
  const detail = board.detail.value;
  if (board.error.value)
    return html`<${Fault} error=${board.error.value} retry=${() => board.open()} />`;
  if (!detail) return html`<p class="waiting" role="status">Reading the trials of ${sweep}…</p>`;
  const name = chosenTab.value in TABS ? chosenTab.value : "";
  const tab = TABS[name];
  return html`<${Head} detail=${detail} />
    <nav class="tabs" aria-label="Views of the sweep">${Object.entries(TABS)
      .filter(([key]) => key !== "compare" || name === key || chosenTrials.value.includes(","))
      .map(([key, { title }]) => html`<a key=${key} href=${href({ ...place.value, tab: key })} aria-current=${key === name ? "page" : undefined}>${title}</a>`)}</nav>
    ${tab.narrows && html`<${Narrowing} board=${board} />`}
    <${tab.View} key=${name} board=${board} />`;
}

/** @param {{ detail: any }} props */
function Head({ detail }) {
  const best = detail.best;
  const left = eta(detail);
  const facts = [
    detail.goals.map(goalText).join(" and "),
    ...detail.bounds,
    `method ${detail.method_used === detail.method ? "" : `${detail.method}: `}${detail.method_used}`,
    detail.agents ? count(detail.agents, "agent") : "",
    detail.budget.workers === null ? "" : `${detail.budget.workers} at once at most`,
    detail.worked_s ? `worked ${duration(detail.worked_s)}` : "",
    left === "–" ? "" : `${left} left`,
  ];
  return html`<div class="sweep-head">
    <div class="title-line">
      <h1>${detail.name}</h1>
      <${State} state=${detail.state} title=${detail.reason} />
      <${Progress} view=${detail} unit=" trials" />
      <${Controls} view=${detail} />
    </div>
    <p class="muted facts">${facts.filter(Boolean).map((text) => html`<span key=${text}>${text}</span>`)}</p>
    ${
      best
        ? html`<p class="best"><a href=${`?${new URLSearchParams({ sweep: place.value.sweep, trial: best.number })}`}>Best${detail.goals.length > 1 ? ` in ${detail.goals[0].metric}` : ""}: #${best.number}</a>
          ${detail.goals.map((/** @type {any} */ g) => html`<strong key=${g.metric}>${g.metric} ${number(best.values[g.metric])}${best.se ? ` ± ${number(best.se, 2)}` : ""}</strong>`)}
          ${Object.entries(best.params).map(([name, value]) => html`<span key=${name} class="pair"><span class="muted">${name}</span> ${shown(value)}</span>`)}</p>`
        : detail.nearest !== null && detail.nearest !== undefined
          ? html`<p class="best">No trial keeps to the bounds yet; #${detail.nearest} comes nearest.</p>`
          : null
    }
    ${
      ["idle", "paused", "stopped"].includes(detail.state) &&
      html`<p class="hint">${why(detail)} <${Typed} text=${command(["resume", detail.name], detail.store)} label="the command that goes on" /></p>`
    }
  </div>`;
}

/** @param {any} detail */
const why = (detail) =>
  detail.state === "idle"
    ? "Nobody works on this sweep now. To go on:"
    : `It is ${detail.state}${detail.reason ? ` (${detail.reason})` : ""}. To go on in a terminal:`;
