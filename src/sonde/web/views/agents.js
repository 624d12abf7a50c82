// @ts-check
/** Who ran a sweep's trials: what each agent does now, and has done. */
import { href, place } from "../address.js";
import { present, valueOf } from "../columns.js";
import { html } from "../html.js";
import { agentText, ago, command, count, duration } from "../numbers.js";
import { Typed } from "../ui/parts.js";
import { Shape } from "../ui/state.js";
import { Timeline } from "./timeline.js";

/** @param {{ board: import("../board.js").Board }} props */
export function Agents({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  board.version.value;
  const detail = board.detail.value;
  const agents = agentsOf(columns);
  const isEnded = detail.ended;
  return html`<section class="panel">
      <div class="panel-head"><h2>Agents</h2><p class="muted">${count(agents.length, "agent")}, ${agents.filter((agent) => agent.running.length > 0).length} at work; ${detail.budget.workers === null ? "no limit on trials at once" : `${count(detail.budget.workers, "trial")} at once at most`}</p></div>
      ${
        agents.length === 0
          ? html`<p class="nothing">No agent has run a trial yet.</p>`
          : html`<div class="scroll" tabindex="0" role="region" aria-label="Agents"><table class="plain-table">
            <thead><tr><th scope="col">Agent</th><th scope="col">Runs now</th><th scope="col" class="right">Done</th><th scope="col" class="right">Stopped</th>
              <th scope="col" class="right">Failed</th><th scope="col" class="right">In ended trials</th><th scope="col" class="right">Last start or end</th></tr></thead>
            <tbody>${agents.map(
              (agent) => html`<tr key=${agent.name}><th scope="row" title=${agent.name}>${agentText(agent.name)}</th>
                <td>${agent.running.length ? html`<${Shape} state="running" /> ${agent.running.map((/** @type {number} */ row) => html`<a key=${row} href=${href({ sweep: place.value.sweep, trial: row })}>#${row}</a> `)}` : html`<span class="muted">nothing</span>`}</td>
                <td class="right num">${agent.done}</td><td class="right num">${agent.stopped}</td><td class="right num">${agent.failed}</td>
                <td class="right num">${duration(agent.worked)}</td><td class="right num">${agent.last ? ago(agent.last, Date.now() / 1000) : "–"}</td></tr>`,
            )}</tbody></table></div>`
      }
      ${
        isEnded
          ? null
          : html`<p class="hint">More agents, on any machine that reaches the store: <${Typed} text=${command(["agent", detail.name], detail.store)} label="the command that starts an agent" /></p>`
      }
    </section>
    ${agents.length > 0 && html`<${Timeline} board=${board} />`}`;
}

/** @param {import("../columns.js").Columns} columns */
function agentsOf(columns) {
  const column = columns.byKey.get("agent");
  const started = columns.byKey.get("started");
  const finished = columns.byKey.get("finished");
  /** @type {Map<number, any>} */
  const found = new Map();
  if (!column) return [];
  for (let row = 0; row < columns.count; row++) {
    if (!present(column, row)) continue;
    const code = column.values[row];
    let agent = found.get(code);
    if (!agent) {
      agent = { name: String(valueOf(column, row)), running: [], done: 0, stopped: 0, failed: 0, worked: 0, last: 0 };
      found.set(code, agent);
    }
    const state = columns.stateOf(row);
    if (state === "running") agent.running.push(row);
    else if (state in agent) agent[state]++;
    agent.worked += columns.took(row) ?? 0;
    for (const at of [started, finished]) if (at && present(at, row)) agent.last = Math.max(agent.last, at.values[row]);
  }
  return [...found.values()].sort((a, b) => b.running.length - a.running.length || b.last - a.last);
}
