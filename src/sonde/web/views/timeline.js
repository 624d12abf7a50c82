// @ts-check
/** When each agent ran which trial: a bar a trial, a row an agent. */
import { go, place } from "../address.js";
import { present } from "../columns.js";
import { html, useMemo, useState } from "../html.js";
import { agentText, count, duration } from "../numbers.js";
import { colour } from "../theme.js";
import { Plot } from "../ui/plot.js";
import { Shape } from "../ui/state.js";

const ROW = 26; // pixels
const MOST_ROWS = 40;

/** @param {{ board: import("../board.js").Board }} props */
export function Timeline({ board }) {
  const columns = /** @type {import("../columns.js").Columns} */ (board.columns);
  const version = board.drawn.value;
  const rows = board.drawnChosen.value;
  const [under, setUnder] = useState(-1);
  const found = useMemo(() => barsOf(columns, rows), [version, rows]);
  if (found.bars.length === 0) return html`<section class="panel"><h2>Timeline</h2><p class="nothing">No trial has begun yet.</p></section>`;
  const lanes = found.lanes.length;
  const draw = (/** @type {import("../ui/plot.js").Frame} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
    const tall = Math.max(3, (frame.height / lanes) * 0.62);
    for (const bar of found.bars) {
      context.fillStyle = colour(bar.state);
      const x = frame.px(bar.from);
      context.fillRect(x, frame.py(bar.lane) - tall / 2, Math.max(1, frame.px(bar.to) - x - 0.5), tall);
    }
  };
  const bar = found.bars[under];
  return html`<section class="panel"><div class="panel-head"><h2>Timeline</h2><p class="muted">${count(found.bars.length, "trial")}, each where its agent ran it (its last attempt)</p></div>
    <${Plot} label=${`When ${count(lanes, "agent")} ran ${count(found.bars.length, "trial")}`} name=${`${board.detail.peek().name}-timeline`}
      x=${{ low: 0, high: found.span, text: duration, title: "since the first began" }}
      y=${{ low: lanes - 0.5, high: -0.5, ticks: found.lanes.map((/** @type {string} */ name, /** @type {number} */ at) => ({ at, text: short(name) })) }}
      height=${Math.max(110, 60 + ROW * lanes)} deps=${[found]} draw=${draw}
      point=${(/** @type {any} */ frame, /** @type {number} */ left, /** @type {number} */ top) =>
        setUnder(found.bars.findIndex((/** @type {any} */ one) => left >= frame.px(one.from) - 1 && left <= frame.px(one.to) + 1 && Math.abs(top - frame.py(one.lane)) < 12))}
      press=${() => bar && go({ sweep: place.peek().sweep, trial: bar.row })} />
    <p class="legend">${["done", "stopped", "failed", "running", "cancelled"].filter((state) => found.states.has(state)).map((state) => html`<span key=${state} class="of-state"><${Shape} state=${state} /> ${state}</span>`)}
      ${found.without > 0 && html`<span>${count(found.without, "agent")} more not drawn</span>`}
      <span class="under">${bar ? `#${bar.row} ${bar.state}, ${duration(bar.to - bar.from)}` : ""}</span></p>
  </section>`;
}

const short = (/** @type {string} */ name) => {
  const text = agentText(name);
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
};

/** @param {import("../columns.js").Columns} columns @param {Uint32Array} rows */
function barsOf(columns, rows) {
  const agent = columns.byKey.get("agent");
  const started = columns.byKey.get("started");
  const finished = columns.byKey.get("finished");
  /** @type {Map<number, number>} */
  const lanes = new Map();
  /** @type {{ row: number, lane: number, from: number, to: number, state: string }[]} */
  const bars = [];
  const states = new Set();
  let begin = Number.POSITIVE_INFINITY;
  let end = 0;
  if (!agent || !started || !finished) return { bars, lanes: [], span: 1, states, without: 0 };
  const now = Date.now() / 1000;
  for (const row of rows) {
    if (!present(started, row) || !present(agent, row)) continue;
    const code = agent.values[row];
    if (!lanes.has(code)) lanes.set(code, lanes.size);
    const lane = /** @type {number} */ (lanes.get(code));
    const from = started.values[row];
    const state = columns.stateOf(row);
    const to = present(finished, row) ? finished.values[row] : state === "running" ? Math.max(now, from) : from;
    begin = Math.min(begin, from);
    end = Math.max(end, to);
    if (lane >= MOST_ROWS) continue;
    states.add(state);
    bars.push({ row, lane, from, to, state });
  }
  for (const bar of bars) {
    bar.from -= begin;
    bar.to -= begin;
  }
  const names = [...lanes.keys()].slice(0, MOST_ROWS).map((code) => String(agent.words[code]));
  return { bars, lanes: names, span: Math.max(end - begin, 1e-3), states, without: Math.max(0, lanes.size - MOST_ROWS) };
}
