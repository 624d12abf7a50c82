// @ts-check
/** How many of the results are at most so large (`edf`). */
import { axisOf } from "../charts/axis.js";
import { scaleOf } from "../charts/cloud.js";
import { html, useMemo, useState } from "../html.js";
import { count, number } from "../numbers.js";
import { colour, theme } from "../theme.js";
import { Plot } from "../ui/plot.js";
import { show } from "./page.js";
import { columnOf, numbersOf, tintOf } from "./table.js";

/** @param {{ figure: any, runs: any[], name: string }} props */
function Picture({ figure, runs, name }) {
  const [at, setAt] = useState(Number.NaN);
  /** @type {{ axis: import("../charts/axis.js").Axis, lines: { run: any, values: Float64Array, shares: Float64Array }[] }} */
  const { axis, lines } = useMemo(() => {
    const axis = axisOf(/** @type {any} */ ({ count: 0 }), columnOf(figure.goal, []));
    return { axis, lines: runs.map((run) => ({ run, values: numbersOf(run.value), shares: numbersOf(run.share) })) };
  }, [runs]);
  const results = runs.reduce((sum, run) => sum + run.results, 0);
  if (results === 0) return html`<p class="nothing">No trial has ended with a result.</p>`;
  const draw = (/** @type {import("../ui/plot.js").Frame} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
    for (const { run, values, shares } of lines) {
      if (values.length === 0) continue;
      context.strokeStyle = run.isAlone ? colour("point") : tintOf(run.place);
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(frame.left, frame.py(0));
      values.forEach((value, i) => {
        const x = frame.px(axis.to(value));
        context.lineTo(x, frame.py(i ? shares[i - 1] : 0));
        context.lineTo(x, frame.py(shares[i]));
      });
      context.lineTo(frame.left + frame.width, frame.py(1));
      context.stroke();
    }
  };
  const value = axis.from(at);
  const said = lines.map(({ run, values, shares }) => {
    const n = values.filter((v) => v <= value).length;
    return `${run.isAlone ? "" : `${run.source.name} `}${Math.round(100 * (n ? shares[n - 1] : 0))} %`;
  });
  return html`<${Plot} label=${`Of ${count(results, "result")} of ${figure.goal.name}, how many are at most so large`} name=${name} height=${420}
      x=${scaleOf(axis)} y=${{ low: 0, high: 1.02, title: "share of the results", text: (/** @type {number} */ v) => `${Math.round(v * 100)} %` }}
      deps=${[lines, theme.value]} draw=${draw}
      point=${(/** @type {any} */ frame, /** @type {number} */ left) => setAt(left < 0 ? Number.NaN : ((left - frame.left) / frame.width) * 1.08 - 0.04)} />
    <p class="legend"><span class="under" role="status">${at === at ? `at most ${number(value, 4)}: ${said.join(", ")}` : ""}</span></p>`;
}

show(Picture);
