// @ts-check
/** Who ran what when (`timeline`): a bar a trial, a row an agent; sweeps one below the other. */
import { html, useMemo, useState } from "../html.js";
import { count, duration } from "../numbers.js";
import { colour, theme } from "../theme.js";
import { Plot } from "../ui/plot.js";
import { Shape } from "../ui/state.js";
import { show } from "./page.js";
import { numbersOf, statesOf } from "./table.js";

const ROW = 26; // pixels

/** @param {{ figure: any, runs: any[], name: string, lanes: string[][] }} props `lanes`: what each agent of each sweep is called */
function Picture({ figure, runs, name, lanes }) {
  const [under, setUnder] = useState(-1);
  /** @type {{ bars: { lane: number, from: number, to: number, state: string, name: string }[], names: string[], span: number, isOwn: boolean }} */
  const { bars, names, span, isOwn } = useMemo(() => {
    const begins = runs.map((run) => run.begin).filter((begin) => begin !== null);
    const isOwn = figure.clock === "own";
    const begin = Math.min(...begins);
    let before = 0;
    let span = 1e-3;
    /** @type {string[]} */
    const names = [];
    const bars = runs.flatMap((run) => {
      const [start, end] = [numbersOf(run.bars.start), numbersOf(run.bars.end)];
      const since = isOwn || run.begin === null ? 0 : run.begin - begin;
      const first = before;
      before += run.lanes.length;
      names.push(...lanes[run.place].map((lane) => (run.isAlone ? lane : `${run.source.name} ${lane}`)));
      span = Math.max(span, since + run.end);
      return run.bars.lane.map((/** @type {number} */ lane, /** @type {number} */ i) => ({
        lane: first + lane, from: since + start[i], to: since + end[i], state: run.points.state[i],
        name: `${run.isAlone ? "" : `${run.source.name} `}#${run.points.trial[i]} ${run.points.state[i]}`,
      }));
    });
    return { bars, names, span, isOwn };
  }, [runs]);
  if (bars.length === 0) return html`<p class="nothing">No trial has begun yet.</p>`;
  const draw = (/** @type {import("../ui/plot.js").Frame} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
    const tall = Math.max(3, (frame.height / names.length) * 0.62);
    for (const bar of bars) {
      context.fillStyle = colour(bar.state);
      const x = frame.px(bar.from);
      context.fillRect(x, frame.py(bar.lane) - tall / 2, Math.max(1, frame.px(bar.to) - x - 0.5), tall);
    }
  };
  const bar = bars[under];
  const clip = (/** @type {string} */ text) => (text.length > 26 ? `${text.slice(0, 25)}…` : text);
  return html`<${Plot} label=${`When ${count(names.length, "agent")} ran ${count(bars.length, "trial")}`} name=${name}
      x=${{ low: 0, high: span, text: duration, title: isOwn ? "since the first trial of each sweep began" : "since the first trial began" }}
      y=${{ low: names.length - 0.5, high: -0.5, ticks: names.map((text, at) => ({ at, text: clip(text) })) }}
      height=${Math.max(130, 60 + ROW * names.length)} deps=${[bars, theme.value]} draw=${draw}
      point=${(/** @type {any} */ frame, /** @type {number} */ left, /** @type {number} */ top) =>
        setUnder(bars.findIndex((one) => left >= frame.px(one.from) - 1 && left <= frame.px(one.to) + 1 && Math.abs(top - frame.py(one.lane)) < 12))} />
    <p class="legend">${statesOf(runs).map((state) => html`<span key=${state} class="of-state"><${Shape} state=${state} /> ${state}</span>`)}
      <span class="under" role="status">${bar ? `${bar.name}, ${duration(bar.to - bar.from)}` : ""}</span></p>`;
}

show(Picture);
