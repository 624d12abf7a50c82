// @ts-check
/** The list of sweeps: how each stands, live; grouped by project where any has one. */
import { adjust, href, part } from "../address.js";
import { getJson } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { listen } from "../live.js";
import { ago, count, duration, goalText, number, shown } from "../numbers.js";
import { Fault, Progress, Typed } from "../ui/parts.js";
import { State } from "../ui/state.js";

const START = 'sonde run -j 4 lr=1e-4..1 --metric val_loss:min train.py';

const chosenTag = part("tag");
const chosenGroup = part("by");

/** By id. @typedef {Map<string, any> | null} Rows */

export function Sweeps() {
  const [rows, setRows] = useState(/** @type {Rows} */ (null));
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const [store, setStore] = useState("");
  const [, tick] = useState(0);
  const load = () => {
    setError(null);
    getJson("sweeps").then(
      (answer) => {
        setStore(answer.store);
        setRows((/** @type {Rows} */ old) => {
          const fresh = new Map(answer.sweeps.map((/** @type {any} */ row) => [row.id, row]));
          for (const [id, row] of old ?? []) if (row.best !== undefined) fresh.set(id, row);
          return fresh;
        });
      },
      setError,
    );
  };
  useEffect(() => {
    document.title = "Sweeps – sonde";
    load();
    // A store's sweeps are told one by one: what comes before the next picture is shown with it.
    /** @type {Map<string, any>} */
    const told = new Map();
    const show = () => {
      const news = [...told];
      told.clear();
      if (news.length) setRows((/** @type {Rows} */ old) => new Map([...(old ?? []), ...news]));
    };
    const end = listen(null, (view) => {
      if (told.size === 0) setTimeout(show, 50); // not a frame: a page that is not seen has none
      told.set(view.id, view);
    });
    const timer = setInterval(() => tick((/** @type {number} */ n) => n + 1), 10_000);
    return () => {
      end();
      clearInterval(timer);
    };
  }, []);
  if (error && !rows) return html`<${Fault} error=${error} retry=${load} />`;
  if (!rows) return html`<p class="waiting" role="status">Reading the store…</p>`;
  if (rows.size === 0) return html`<${Empty} store=${store} />`;
  const tag = chosenTag.value;
  const byTag = chosenGroup.value === "tags";
  const fitting = [...rows.values()].filter((row) => !tag || row.tags.includes(tag));
  const projects = grouped(fitting, byTag ? (row) => (row.tags.length ? row.tags : [null]) : (row) => [row.project]);
  const hasTags = [...rows.values()].some((row) => row.tags.length > 0);
  const running = [...rows.values()].filter((row) => row.state === "running").length;
  return html`<div class="page-head">
      <h1>Sweeps</h1>
      <p class="muted">${count(rows.size, "sweep")}${running ? `, ${running} running` : ""} in <code class="path">${store}</code></p>
      ${hasTags && html`<div class="choices">
        <label>Group by <select value=${chosenGroup.value} onChange=${(/** @type {any} */ e) => adjust({ by: e.target.value })}>
          <option value="" selected=${!byTag}>project</option><option value="tags" selected=${byTag}>tag</option></select></label>
        ${tag && html`<span>${fitting.length} tagged <span class="tag">${tag}</span></span> <a class="button small" href=${href({ by: chosenGroup.value })}>Show all</a>`}</div>`}
    </div>
    ${projects.map(
      ([project, sweeps]) => html`<section key=${project ?? ""}>
        ${projects.length > 1 || project ? html`<h2 class="project">${project ?? (byTag ? "No tag" : "No project")}</h2>` : null}
        <div class="scroll" tabindex="0" role="region" aria-label=${`Sweeps${project ? ` of ${project}` : ""}`}>
          <table class="sweeps">
            <thead><tr>
              <th scope="col">State</th><th scope="col">Sweep</th><th scope="col">Trials</th>
              <th scope="col" class="wide">Goal</th><th scope="col" class="right">Best</th><th scope="col" class="wide">With</th>
              <th scope="col" class="right wide">Left</th><th scope="col" class="right wide">Agents</th><th scope="col" class="wide">Method</th><th scope="col" class="right wide">Changed</th>
            </tr></thead>
            <tbody>${sweeps.map((row) => html`<${Row} key=${row.id} row=${row} />`)}</tbody>
          </table>
        </div>
      </section>`,
    )}`;
}

/** @param {{ row: any }} props */
function Row({ row }) {
  const best = row.best;
  const goals = row.goals.map(goalText).join(" and ");
  const values = best && row.goals.map((/** @type {any} */ g) => number(best.values[g.metric])).join(", ");
  const params = best && Object.entries(best.params).map(([name, value]) => `${name} ${shown(value)}`).join("  ");
  return html`<tr>
    <td><${State} state=${row.state} title=${row.reason} /></td>
    <th scope="row" class="clip" title=${row.name}><a href=${href({ sweep: row.name })}>${row.name}</a>
      ${row.tags.map((/** @type {string} */ tag) => html`<a key=${tag} class="tag" href=${href({ by: chosenGroup.value, tag })}>${tag}</a>`)}</th>
    <td><${Progress} view=${row} /></td>
    <td class="clip wide" title=${goals}>${goals || "–"}</td>
    <td class="right num best-cell">${best === undefined ? html`<span class="muted" aria-label="being read">…</span>` : (values ?? "–")}</td>
    <td class="clip wide muted" title=${params}>${params ?? ""}</td>
    <td class="right num wide">${eta(row)}</td>
    <td class="right num wide">${row.agents || "–"}</td>
    <td class="wide">${row.method_used ?? row.method}</td>
    <td class="right num wide">${ago(row.updated, Date.now() / 1000)}</td>
  </tr>`;
}

/** How long it will still take, as the last trials went. @param {any} row */
export function eta(row) {
  if (row.state !== "running" || row.total === null || !row.pace_s) return "–";
  const c = row.counts;
  const left = row.total - c.done - c.stopped - c.failed - c.cancelled;
  return left > 0 ? `~${duration(left * row.pace_s)}` : "–";
}

/** @param {any[]} rows @param {(row: any) => (string | null)[]} groupsOf @returns {[string | null, any[]][]} newest first, each group where its newest is */
function grouped(rows, groupsOf) {
  rows.sort((a, b) => b.created - a.created);
  /** @type {Map<string | null, any[]>} */
  const found = new Map();
  for (const row of rows) {
    for (const name of groupsOf(row)) {
      const group = found.get(name);
      if (group) group.push(row);
      else found.set(name, [row]);
    }
  }
  return [...found];
}

/** @param {{ store: string }} props */
const Empty = ({ store }) => html`<div class="empty panel">
  <h1>No sweeps yet</h1>
  <p>Tune a script: name what may vary, and the metric that it prints or logs. In its folder, type</p>
  <${Typed} text=${START} />
  <p>and the sweep appears here by itself. <code>sonde run --help</code> and docs/running.md say the rest.</p>
  <p class="muted">This is the store <code class="path">${store}</code>. For another one: <code>sonde ui --store FILE</code></p>
</div>`;
