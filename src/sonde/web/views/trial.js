// @ts-check
/** One trial: its values against the best, its curves, what it printed, and how to run it again. */
import { href } from "../address.js";
import { getJson, post } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { listen } from "../live.js";
import { command, duration, full, goalText, number, shell, shown, when } from "../numbers.js";
import { maySteer } from "../session.js";
import { confirm, say } from "../ui/confirm.js";
import { Fault, Fold, Typed } from "../ui/parts.js";
import { State } from "../ui/state.js";
import { Artifacts } from "./artifacts.js";
import { CurvePlot, fetchCurves } from "./curves.js";
import { Diff } from "./diff.js";
import { askForTrial } from "./enqueue.js";
import { Log } from "./log.js";
import { Packages } from "./packages.js";

/** @param {{ sweep: string, number: number }} props */
export function Trial({ sweep, number: trial }) {
  const [view, setView] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const load = () => {
    setError(null);
    getJson("trial", { sweep, number: trial }).then(setView, setError);
  };
  useEffect(() => {
    document.title = `${sweep} #${trial} – sonde`;
    load();
  }, [sweep, trial]);
  useEffect(() => (view ? listen(view.sweep, load) : undefined), [view?.sweep]);
  if (error && !view) return html`<${Fault} error=${error} retry=${load} />`;
  if (!view) return html`<p class="waiting" role="status">Reading trial ${trial} of ${sweep}…</p>`;
  return html`<${Head} view=${view} sweep=${sweep} />
    <div class="two">
      <${Params} view=${view} sweep=${sweep} />
      <${Metrics} view=${view} sweep=${sweep} />
    </div>
    <${Log} sweep=${view.sweep} number=${view.number} isLive=${view.state === "running"} attempt=${view.attempts} hasFailed=${view.state === "failed"} />
    <${Artifacts} sweep=${view.sweep} number=${view.number} attempts=${view.attempts} isLive=${view.state === "running"} />
    <${Again} view=${view} sweep=${sweep} />`;
}

/** @param {any} props */
function Head({ view, sweep }) {
  const isLive = view.state === "running" || view.state === "waiting" || view.state === "paused";
  // What has ended stays so: to take it back is to have its values run once more.
  const again = () =>
    post(`../sweeps/${view.sweep}/trials`, {}, { params: view.params }).then(
      (trial) => say(`the values of #${view.number} are those of #${trial.number} now, which is next`),
      (fault) => say(fault.message, true),
    );
  const end = async (/** @type {"stop" | "cancel"} */ action) => {
    const [verb, text] =
      view.state !== "running"
        ? ["Cancel", "It is not run any more."]
        : action === "stop"
          ? ["Stop", "It is asked to end politely; what it has reported counts."]
          : ["Cancel", "It is ended now, and what it has reported does not count."];
    if (!(await confirm(`${verb} trial #${view.number}?`, text, `${verb} it`))) return;
    try {
      await post("trial", { sweep: view.sweep, number: view.number, action });
      const said = view.state === "running" ? `#${view.number} was asked to end` : `#${view.number} is cancelled`;
      say(said, false, { verb: view.state === "waiting" ? "Undo" : "Run it again", act: again });
    } catch (error) {
      say(/** @type {Error} */ (error).message, true);
    }
  };
  const clone = () => askForTrial({ ...view, id: view.sweep }, view.params, view.number);
  const took = view.started && view.finished ? view.finished - view.started : null;
  return html`<div class="sweep-head">
    <div class="title-line">
      <h1>${view.name} <span class="muted">#</span>${view.number}</h1>
      <${State} state=${view.state} />
      ${view.goals.map((/** @type {any} */ g) => html`<strong key=${g.metric} class="result">${g.metric} ${number(view.values[g.metric])}</strong>`)}
      <div class="controls">
        ${view.number > 0 && html`<a class="button" href=${href({ sweep, trial: view.number - 1 })} title="The trial before">‹ #${view.number - 1}</a>`}
        ${view.number + 1 < view.count && html`<a class="button" href=${href({ sweep, trial: view.number + 1 })} title="The next trial">#${view.number + 1} ›</a>`}
        ${maySteer() && html`<button title="Add a trial with these values, changed as you like" onClick=${clone}>Clone and edit</button>`}
        ${view.state === "running" && view.asked === "go on" && maySteer() && html`<button title="It ends politely, and counts" onClick=${() => end("stop")}>Stop</button>`}
        ${isLive && view.asked === "go on" && maySteer() && html`<button class="danger" title="It ends now, and does not count" onClick=${() => end("cancel")}>Cancel</button>`}
        ${isLive && view.asked !== "go on" && html`<span class="muted">asked to ${view.asked}</span>`}
      </div>
    </div>
    ${view.error && html`<p class="error-line">${view.error}</p>`}
    ${view.why_stopped && html`<p>Stopped early by ${view.why_stopped}</p>`}
    <p class="muted facts">
      ${view.started && html`<span>started ${when(view.started)}</span>`}
      ${view.finished && html`<span>ended ${when(view.finished)}</span>`}
      ${took !== null && html`<span>took ${duration(took)}</span>`}
      <span>${view.attempts === 1 ? "1 attempt" : `${view.attempts} attempts`}</span>
      ${view.bounds.map((/** @type {any} */ b) => html`<span key=${b.text}>${b.text}: ${Number(b.excess) <= 0 ? "kept" : "broken"}</span>`)}
      ${view.repeats.length > 0 && html`<span>repeats: ${view.repeats.map((/** @type {number} */ n) => html`<a key=${n} href=${href({ sweep, trial: n })}>#${n}</a> `)}</span>`}
    </p>
  </div>`;
}

/** @param {any} props */
function Params({ view, sweep }) {
  const best = view.best;
  const isBest = best?.number === view.number;
  return html`<section class="panel"><div class="panel-head"><h2>Parameters</h2>
    <p class="muted">${isBest ? "This is the best trial." : best ? html`against the best, <a href=${href({ sweep, trial: best.number })}>#${best.number}</a>` : "no trial is the best yet"}</p></div>
    <div class="scroll" tabindex="0" role="region" aria-label="Parameters"><table class="plain-table">
      <thead><tr><th scope="col">Parameter</th><th scope="col" class="right">Value</th>${best && !isBest && html`<th scope="col" class="right">Best</th>`}<th scope="col">From</th></tr></thead>
      <tbody>${view.parameters.map((/** @type {any} */ p) => {
        const mine = view.params[p.name];
        const theirs = best?.params[p.name];
        const differs = best && !isBest && JSON.stringify(mine) !== JSON.stringify(theirs);
        return html`<tr key=${p.name} class=${differs ? "differs" : ""}><th scope="row">${p.name}${differs ? html`<span class="sr"> differs</span>` : null}</th>
          <td class="right num" title=${full(mine)}>${mine === undefined ? html`<span class="missing">inactive</span>` : shown(mine)}</td>
          ${best && !isBest && html`<td class="right num" title=${full(theirs)}>${theirs === undefined ? html`<span class="missing">inactive</span>` : shown(theirs)}</td>`}
          <td class="muted">${p.text}</td></tr>`;
      })}</tbody></table></div></section>`;
}

/** @param {any} props */
function Metrics({ view, sweep }) {
  const names = Object.keys(view.metrics);
  const [chosen, choose] = useState("");
  const name = names.includes(chosen) ? chosen : (view.goals.find((/** @type {any} */ g) => names.includes(g.metric))?.metric ?? names[0]);
  const [curves, setCurves] = useState(/** @type {any} */ (null));
  const points = name ? view.metrics[name].count : 0;
  useEffect(() => {
    let isOver = false;
    if (name && points > 1)
      fetchCurves(sweep, name, [view.number]).then((found) => !isOver && setCurves(found), () => {});
    else setCurves(null);
    return () => {
      isOver = true;
    };
  }, [name, points, view.attempts]);
  if (names.length === 0)
    return html`<section class="panel"><h2>Metrics</h2><p class="nothing">It has reported nothing${view.state === "running" ? " yet" : ""}.</p></section>`;
  return html`<section class="panel"><div class="panel-head"><h2>Metrics</h2><p class="muted">${view.goals.map(goalText).join(" and ")}</p></div>
    ${curves && curves.steps.length > 1 && html`<${CurvePlot} curves=${curves} name=${name} file=${`${view.name}-${view.number}-${name}`} rungs=${view.goals[0]?.metric === name ? view.rungs : []} height=${210} stateOf=${() => view.state} />`}
    <div class="scroll" tabindex="0" role="region" aria-label="Metrics"><table class="plain-table">
      <thead><tr><th scope="col">Metric</th><th scope="col" class="right">Last</th><th scope="col" class="right">Min</th><th scope="col" class="right">Max</th><th scope="col" class="right">Values</th></tr></thead>
      <tbody>${names.map((metric) => {
        const m = view.metrics[metric];
        return html`<tr key=${metric}><th scope="row"><button class=${metric === name ? "link is-on" : "link"} aria-pressed=${metric === name} onClick=${() => choose(metric)}>${metric}</button></th>
          <td class="right num" title=${full(m.last)}>${number(m.last)} <span class="muted">at ${m.last_step}</span></td>
          <td class="right num" title=${full(m.min)}>${number(m.min)} <span class="muted">at ${m.min_step}</span></td>
          <td class="right num" title=${full(m.max)}>${number(m.max)} <span class="muted">at ${m.max_step}</span></td>
          <td class="right num">${m.count}</td></tr>`;
      })}</tbody></table></div></section>`;
}

/** How to run it again, and from what. @param {any} props */
function Again({ view, sweep }) {
  const facts = view.facts;
  const git = view.git;
  const python = view.python;
  const rows = [
    ["Ran", facts.argv ? shell(facts.argv.map(String)) : view.work?.kind === "command" ? shell(view.work.argv) : view.work?.name],
    ["Folder", view.folder],
    ["Host", facts.host ?? ""],
    ["Agent", view.agent],
    ["Devices", (facts.devices ?? []).join(", ")],
    ["Exit status", facts.exit_status],
    ["Ended by", facts.signal ? `signal ${facts.signal}` : ""],
    ["Used", [facts.cpu_s !== undefined && `${duration(facts.cpu_s)} of CPU time`, facts.memory_mb && `${facts.memory_mb} MB of memory`].filter(Boolean).join(", ")],
    ["Seed", view.seed],
    ["Python", python ? `${python.version ?? ""} at ${python.path ?? "?"}${python.count ? `, ${python.count} packages` : ""}` : ""],
    ["Git commit", git?.commit ? `${git.commit}${git.branch ? ` on ${git.branch}` : ""}${git.dirty ? ", with changes that were not committed" : ""}` : ""],
    ["Warning", facts.warning ?? ""],
    ["Notes", (facts.notes ?? []).join("; ")],
  ].filter(([, text]) => text !== "" && text !== null && text !== undefined);
  return html`<section class="panel"><h2>Run it again</h2>
    <p class="muted">The same command, the same values, the files as they were:</p>
    <${Typed} text=${command(["rerun", `${view.name}/${view.number}`], view.store)} label="the command that runs it again" />
    <dl class="facts-list">${rows.map(([name, text]) => html`<dt key=${name}>${name}</dt><dd>${String(text)}</dd>`)}</dl>
    ${view.packages && html`<${Fold} title=${`Packages${python?.count ? ` (${python.count})` : ""}`}><${Packages} sweep=${view.sweep} /></${Fold}>`}
    ${git?.dirty && html`<${Fold} title="What git had not committed"><${Diff} sweep=${sweep} /></${Fold}>`}
  </section>`;
}
