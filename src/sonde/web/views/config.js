// @ts-check
/** What a sweep searches, how, from what it was made, and the command that makes it again. */
import { getJson } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { command, count, duration, goalText, shell, when } from "../numbers.js";
import { maySteer } from "../session.js";
import { Fold, Typed } from "../ui/parts.js";
import { Diff } from "./diff.js";
import { askForEdit } from "./edit.js";
import { Packages } from "./packages.js";

/** @param {{ board: import("../board.js").Board }} props */
export function Config({ board }) {
  const detail = board.detail.value;
  const [versions, setVersions] = useState(/** @type {any[] | null} */ (null));
  const load = () => {
    getJson(`../sweeps/${detail.id}/versions`).then(setVersions, () => {}); // the banner says that the server is away
  };
  useEffect(load, [detail.id, detail.definition]);
  const edited = () => {
    board.reload();
    load();
  };
  const edit = () => askForEdit(detail, versions ?? [], edited);
  const mayEdit = maySteer() && versions !== null && detail.control !== "cancelled";
  return html`<div class="two">
      <${Space} detail=${detail} edit=${mayEdit ? edit : null} />
      <${How} detail=${detail} />
    </div>
    ${versions && versions.length > 1 && html`<${Versions} versions=${versions} />`}
    <${From} detail=${detail} />`;
}

/** What each version changed, the newest first. @param {{ versions: any[] }} props */
const Versions = ({ versions }) => html`<section class="panel"><div class="panel-head"><h2>Versions</h2><p class="muted">A trial is of the version that it was proposed under</p></div>
  <ol class="versions">${[...versions].reverse().map(
    (version) => html`<li key=${version.version}><p><strong>Version ${version.version}</strong> <span class="muted">${when(Date.parse(version.made) / 1000)}, from trial #${version.first_trial}${version.why ? `: ${version.why}` : ""}</span></p>
      ${
        version.changes.length > 0 &&
        html`<div class="scroll" tabindex="0" role="region" aria-label=${`Changes of version ${version.version}`}><table class="plain-table"><thead><tr><th scope="col">What</th><th scope="col">Before</th><th scope="col">Since</th><th scope="col">Kind</th></tr></thead>
          <tbody>${version.changes.map(
            (/** @type {any} */ change) => html`<tr key=${change.text}><th scope="row">${change.what.replace(/^parameters\./, "")}</th>
              <td>${change.before === null ? "–" : html`<code class="removed">${change.before}</code>`}</td><td>${change.after === null ? "–" : html`<code class="added">${change.after}</code>`}</td><td class="muted">${change.kind}</td></tr>`,
          )}</tbody></table></div>`
      }</li>`,
  )}</ol></section>`;

/** @param {{ detail: any, edit: (() => void) | null }} props */
const Space = ({ detail, edit }) => html`<section class="panel">
  <div class="panel-head"><h2>Space</h2><p class="muted">${count(detail.parameters.length, "parameter")}</p>${edit && html`<button class="small" onClick=${edit}>Edit</button>`}</div>
  <div class="scroll" tabindex="0" role="region" aria-label="Space"><table class="plain-table">
    <thead><tr><th scope="col">Parameter</th><th scope="col">Values</th><th scope="col">Only when</th></tr></thead>
    <tbody>${detail.parameters.map(
      (/** @type {any} */ p) => html`<tr key=${p.name}><th scope="row">${p.name}</th><td><code>${p.text}</code></td><td>${p.when ? html`<code>${p.when}</code>` : ""}</td></tr>`,
    )}</tbody></table></div>
  ${detail.where.map((/** @type {string} */ w) => html`<p key=${w}>where <code>${w}</code></p>`)}
</section>`;

/** @param {{ detail: any }} props */
const How = ({ detail }) => html`<section class="panel"><h2>How it is searched</h2>
  <${List} rows=${[
    ["Goal", detail.goals.map(goalText).join(" and ") || "none: results are not compared"],
    ["Bounds", detail.bounds.join("; ")],
    ["Method", `${detail.method === detail.method_used ? "" : `${detail.method}: `}${detail.method_used}, seed ${detail.seed}`],
    ["Why", detail.method_reason],
    ["Early stopping", detail.stopping || "none: trials run to their end"],
    ["Budget", detail.budget.trials === 0 ? "none: its trials were imported" : [detail.budget.trials && count(detail.budget.trials, "trial"), detail.budget.time_s && duration(detail.budget.time_s)].filter(Boolean).join(" or ") || "until nothing is left to try"],
    ["At once", detail.budget.workers === null ? "" : `${count(detail.budget.workers, "trial")} at most, over all agents`],
    ["Repeats", detail.repeats > 1 ? `${detail.repeats} of each assignment` : ""],
    ["Retries", detail.retries ? `${detail.retries} of a trial that failed` : ""],
  ]} />
</section>`;

/** @param {{ detail: any }} props */
function From({ detail }) {
  const { work, python, git } = detail;
  const typed = seeded(detail.made.typed, detail.seed);
  return html`<section class="panel"><h2>What it was made from</h2>
    ${
      typed
        ? html`<p class="muted">To make it again, in its folder${git?.commit ? " at the commit below" : ""}:</p><${Typed} text=${shell(typed)} label="the command that makes it again" />`
        : html`<p class="muted">All of it, to make it again elsewhere:</p><${Typed} text=${command(["show", detail.name, "--format=json"], detail.store)} label="the command that shows all of it" />`
    }
    <${List} rows=${[
      ["A trial runs", work?.kind === "command" ? shell(work.argv) : work ? `${work.name}()` : "what a program asks for and tells"],
      ["Folder", work?.folder],
      ["Made", `${when(detail.created)}${detail.made.user ? ` by ${detail.made.user}` : ""}${detail.made.host ? ` on ${detail.made.host}` : ""}`],
      ["Machine", detail.made.platform],
      ["Python", python ? `${python.version ?? ""} at ${python.path ?? "?"}${python.count ? `, ${python.count} packages` : ""}` : ""],
      ["Git", git?.commit ? `${git.commit}${git.branch ? ` on ${git.branch}` : ""}${git.dirty ? ", with changes that were not committed" : ""}` : ""],
      ["Store", detail.store],
    ]} />
    ${detail.packages && html`<${Fold} title=${`Packages${python?.count ? ` (${python.count})` : ""}`}><${Packages} sweep=${detail.id} /></${Fold}>`}
    ${git?.dirty && html`<${Fold} title="What git had not committed"><${Diff} sweep=${detail.id} /></${Fold}>`}
  </section>`;
}

/** With the seed that was drawn where none was given. @param {string[] | null} words @param {number} seed */
const seeded = (words, seed) =>
  words?.[1] === "run" && !words.some((word) => word.startsWith("--seed")) ? [...words.slice(0, 2), `--seed=${seed}`, ...words.slice(2)] : words;

/** @param {{ rows: any[][] }} props */
const List = ({ rows }) => html`<dl class="facts-list">${rows
  .filter(([, text]) => text)
  .map(([name, text]) => html`<dt key=${name}>${name}</dt><dd>${text}</dd>`)}</dl>`;
