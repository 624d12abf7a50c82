// @ts-check
/** The history of a sweep: every result, and the best so far. */
import { adjust, go, part, place } from "../address.js";
import { isSkewed } from "../charts/axis.js";
import { meansOf, nearest, points } from "../charts/history.js";
import { drawPoints, drawRing } from "../charts/points.js";
import { html, useMemo, useState } from "../html.js";
import { count, duration, number } from "../numbers.js";
import { Plot, range } from "../ui/plot.js";
import { Shape } from "../ui/state.js";

const chosenGoal = part("goal");
const chosenX = part("x");
const chosenY = part("y");

/** @param {{ board: import("../board.js").Board }} props */
export function History({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const version = board.drawn.value;
  const rows = board.drawnFiltered.value;
  const chosen = board.drawnChosen.value;
  const [under, setUnder] = useState(-1);
  const goals = columns.goals;
  const goal = goals.find((column) => column.name === chosenGoal.value) ?? goals[0];
  const other = goals.find((column) => column !== goal && column.key === chosenX.value);
  const byTime = chosenX.value === "time" || chosenX.value === "work";
  const over = other ?? (byTime ? /** @type {"time" | "work"} */ (chosenX.value) : "number");
  const repeats = board.detail.value.repeats ?? 1;
  const isJoined = board.isJoined.value && !other && over !== "work";
  const found = useMemo(() => {
    if (!goal) return null;
    const { firsts, rows: repeated } = isJoined ? board.repeated.value : {};
    return points(columns, goal, rows, over, isJoined ? meansOf(columns, goal, firsts, repeated, repeats) : null);
  }, [version, rows, goal?.key, chosenX.value, isJoined]);
  const reach = useMemo(() => reachOf(found, goal), [found]);
  const isChosen = useMemo(() => {
    const mask = new Uint8Array(columns.count);
    for (const row of chosen) mask[row] = 1;
    return mask;
  }, [chosen, version]);
  if (!goal || !found) {
    return html`<section class="panel"><h2>History</h2><p class="muted">This sweep has no metric, so there is nothing to compare.
      <code>--metric NAME:min</code> gives it one.</p></section>`;
  }
  const { low, skewed } = reach;
  const isLog = chosenY.value ? chosenY.value === "log" && low > 0 : skewed;
  const y = isLog ? reach.log : reach.linear;
  const lastX = found.xs.length ? found.xs[found.xs.length - 1] : 1;
  const x = other
    ? { ...range([found.xs], found.xs.length > 0 && found.xs[0] > 0 && isSkewed(other, lastX)), title: other.name }
    : byTime
    ? { low: 0, high: lastX || 1, text: duration, title: over === "time" ? "since the first trial began" : "time of all trials together" }
    : { title: "trial", low: -0.5, high: Math.max(columns.count - 0.5, 1), text: (/** @type {number} */ v) => (Number.isInteger(v) ? number(v, 7) : "") };
  const hovered = under >= 0 && under < found.rows.length ? found.rows[under] : -1;
  return html`<section class="panel">
    <div class="panel-head"><h2>History</h2>
      <div class="choices">
        ${goals.length > 1 && html`<label>Metric <select value=${goal.name} onChange=${(/** @type {any} */ e) => adjust({ goal: e.target.value })}>
          ${goals.map((g) => html`<option key=${g.name} value=${g.name} selected=${g === goal}>${g.name}</option>`)}</select></label>`}
        <label>Over <select value=${other ? other.key : over} onChange=${(/** @type {any} */ e) => adjust({ x: e.target.value === "number" ? null : e.target.value })}>
          <option value="number" selected=${over === "number"}>trials</option><option value="time" selected=${over === "time"}>time</option>
          <option value="work" selected=${over === "work"}>cost (trials' time)</option>
          ${goals.filter((g) => g !== goal).map((g) => html`<option key=${g.key} value=${g.key} selected=${g === other}>${g.name}</option>`)}</select></label>
        <label><input type="checkbox" checked=${isLog} disabled=${!(low > 0)}
          onChange=${(/** @type {any} */ e) => adjust({ y: e.target.checked ? "log" : "linear" })} /> log</label>
      </div></div>
    ${
      found.rows.length === 0
        ? html`<p class="nothing">${board.isNarrowed ? "No trial that is shown" : "No trial"} has reported ${goal.name}${board.isNarrowed ? "." : " yet."}</p>`
        : html`<${Plot}
            label=${labelOf(found, goal.name, other?.name)}
            name=${`${board.detail.peek().name}-history`}
            x=${x} y=${{ ...y, title: goal.name }}
            deps=${[found, isChosen]}
            draw=${(/** @type {any} */ frame, /** @type {any} */ context) => drawPoints(frame, context, columns, found, isChosen)}
            over=${(/** @type {any} */ frame, /** @type {any} */ context) => under >= 0 && under < found.rows.length && drawRing(frame, context, found, under)}
            point=${(/** @type {any} */ frame, /** @type {number} */ left, /** @type {number} */ top) =>
              setUnder(left < 0 ? -1 : nearest(found, frame.px, frame.py, left, top))}
            press=${() => hovered >= 0 && go({ sweep: place.peek().sweep, trial: hovered })}
          />`
    }
    <p class="legend">
      ${
        isJoined
          ? html`<span><${Shape} state="done" /> the mean of an assignment, and its standard error</span>`
          : html`<span><${Shape} state="done" /> done</span><span><${Shape} state="stopped" /> stopped early</span><span><${Shape} state="failed" /> failed</span>
            <span><${Shape} state="running" /> running</span>`
      }
      <span><i class="best-line" aria-hidden="true"></i> ${other ? "no other is better in both" : "best so far"}</span>
      <span class="under">${
        hovered >= 0
          ? found.means
            ? `as #${hovered}: ${goal.name} ${number(found.means.values[hovered])}${found.means.errors[hovered] >= 0 ? ` ± ${number(found.means.errors[hovered], 2)}` : ""}, the mean of ${found.means.counts[hovered]}`
            : `#${hovered} ${columns.stateOf(hovered)} ${goal.name} ${number(goal.values[hovered])}`
          : found.without > 0
            ? `${count(found.without, found.means ? "assignment" : "trial")} without a number not drawn`
            : ""
      }</span></p>
  </section>`;
}

/** @param {import("../charts/history.js").Points} found @param {string} y @param {string} [x] */
function labelOf(found, y, x) {
  const trials = count(found.rows.length, found.means ? "assignment" : "trial");
  if (x) return `${y} over ${x} of ${trials}; ${count(found.front?.length ?? 0, "trial")} on the front`;
  return `${y} of ${trials}; the best so far is ${number(found.best[found.best.length - 1])}`;
}

/** What the y axis may show. @param {import("../charts/history.js").Points | null} found @param {any} goal */
function reachOf(found, goal) {
  const ys = found?.ys ?? new Float64Array(0);
  const low = ys.length ? ys.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) : 0;
  const skewed = low > 0 && isSkewed(goal, ys.reduce((a, b) => Math.max(a, b), 0));
  const { rows, means } = found ?? {};
  const ends = means && rows ? [1, -1].map((sign) => ys.map((y, i) => y + sign * (means.errors[rows[i]] || 0))) : [];
  return { low, skewed, linear: range([ys, ...ends], false), log: range([ys, ...ends], true) };
}
