// @ts-check
/** A sweep: how it stands, what was found, and all its trials. */
import { place } from "../address.js";
import { Board } from "../board.js";
import { html, useEffect, useMemo } from "../html.js";
import { command, count, duration, goalText, number, shell, shown, when } from "../numbers.js";
import { Fault, Fold, Progress, Typed } from "../ui/parts.js";
import { State } from "../ui/state.js";
import { Controls } from "./controls.js";
import { Curves } from "./curves.js";
import { History } from "./history.js";
import { Parallel } from "./parallel.js";
import { eta } from "./sweeps.js";
import { Trials } from "./trials.js";

/** @param {{ sweep: string }} props */
export function Sweep({ sweep }) {
  const board = useMemo(() => new Board(sweep), [sweep]);
  useEffect(() => {
    document.title = `${sweep} – sonde`;
    board.open();
    const keys = (/** @type {KeyboardEvent} */ event) => {
      const isTyping = /** @type {Element} */ (event.target).closest("input, select, textarea, dialog");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      document.getElementById("filter")?.focus();
    };
    document.addEventListener("keydown", keys);
    return () => {
      document.removeEventListener("keydown", keys);
      board.close();
    };
  }, [board]);
  const detail = board.detail.value;
  if (board.error.value)
    return html`<${Fault} error=${board.error.value} retry=${() => board.open()} />`;
  if (!detail) return html`<p class="waiting" role="status">Reading the trials of ${sweep}…</p>`;
  return html`<${Head} detail=${detail} />
    <div class="two">
      <${History} board=${board} />
      <${Curves} board=${board} />
    </div>
    <${Parallel} board=${board} />
    <${Trials} board=${board} />
    <${Made} detail=${detail} />`;
}

/** @param {{ detail: any }} props */
function Head({ detail }) {
  const best = detail.best;
  const left = eta(detail);
  const facts = [
    detail.goals.map(goalText).join(" and "),
    ...detail.bounds,
    `${detail.method_used === detail.method ? "" : `${detail.method}: `}${detail.method_used}`,
    detail.agents ? count(detail.agents, "agent") : "",
    detail.worked_s ? `worked ${duration(detail.worked_s)}` : "",
    left === "–" ? "" : `${left} left`,
  ];
  return html`<div class="sweep-head">
    <div class="title-line">
      <h1>${detail.name}</h1>
      <${State} state=${detail.state} title=${detail.reason} />
      <${Progress} view=${detail} />
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

/** What it was made from. @param {{ detail: any }} props */
function Made({ detail }) {
  const work = detail.work;
  const python = detail.python;
  const git = detail.git;
  const rows = [
    ["Command", work?.kind === "command" ? shell(work.argv) : work ? `${work.name}()` : "asked and told by a program"],
    ["Folder", work?.folder],
    ["Method", `${detail.method_used}, seed ${detail.seed}: ${detail.method_reason}`],
    ["Early stopping", detail.stopping],
    ["Budget", [detail.budget.trials && count(detail.budget.trials, "trial"), detail.budget.time_s && duration(detail.budget.time_s)].filter(Boolean).join(" or ") || "until nothing is left to try"],
    ["Repeats", detail.repeats > 1 ? `${detail.repeats} of each assignment` : ""],
    ["Made", `${when(detail.created)}${detail.made.user ? ` by ${detail.made.user}` : ""}${detail.made.host ? ` on ${detail.made.host}` : ""}`],
    ["Python", python ? `${python.version ?? ""} at ${python.path ?? "?"}${python.count ? `, ${python.count} packages` : ""}` : ""],
    ["Git", git?.commit ? `${git.commit.slice(0, 12)}${git.branch ? ` on ${git.branch}` : ""}${git.dirty ? ", with changes that were not committed" : ""}` : ""],
    ["Tags", detail.tags.join(", ")],
    ["Notes", detail.notes],
    ["Store", detail.store],
  ].filter(([, text]) => text);
  return html`<${Fold} title="What it was made from">
    <dl class="facts-list">${rows.map(([name, text]) => html`<dt key=${name}>${name}</dt><dd>${text}</dd>`)}
      <dt>Space</dt><dd><ul class="space">${detail.parameters.map(
        (/** @type {any} */ p) => html`<li key=${p.name}><code>${p.name}: ${p.text}${p.when ? `  when ${p.when}` : ""}</code></li>`,
      )}${detail.where.map((/** @type {string} */ w) => html`<li key=${w}><code>where ${w}</code></li>`)}</ul></dd></dl>
  </${Fold}>`;
}
