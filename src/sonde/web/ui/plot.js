// @ts-check
/** A frame with axes (uPlot) in which a function draws; it follows its size and the theme. */
import { html, useLayoutEffect, useRef } from "../html.js";
import { number } from "../numbers.js";
import { colour, theme } from "../theme.js";
import uPlot from "../vendor/uplot.js";
import { useWidth } from "./size.js";

/**
 * @typedef {object} Scale
 * @property {number} low
 * @property {number} high
 * @property {boolean} [isLog]
 * @property {(value: number) => string} [text]
 */

/**
 * @param {object} props
 * @param {string} props.label for those who do not see it
 * @param {Scale} props.x
 * @param {Scale} props.y
 * @param {number} [props.height]
 * @param {(plot: any, context: CanvasRenderingContext2D) => void} props.draw in device pixels
 * @param {(plot: any, x: number, y: number) => void} [props.point] the pointer moved (-1: away)
 * @param {(plot: any) => void} [props.press]
 */
export function Plot({ label, x, y, height = 260, draw, point, press }) {
  const [room, width] = useWidth();
  const plot = useRef(/** @type {any} */ (null));
  const calls = useRef({ draw, point, press });
  calls.current = { draw, point, press };
  const dressed = theme.value;
  const key = JSON.stringify([x.low, x.high, x.isLog, y.low, y.high, y.isLog, height, dressed]);
  useLayoutEffect(() => {
    if (!width) return undefined;
    const made = new /** @type {any} */ (uPlot)(options(x, y, width, height, calls), [[x.low, x.high], [null, null]], room.current);
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [key, width > 0]);
  useLayoutEffect(() => {
    if (width && plot.current && plot.current.width !== width) plot.current.setSize({ width, height });
  }, [width]);
  useLayoutEffect(() => {
    plot.current?.redraw(false);
  });
  return html`<div class="plot" ref=${room} role="img" aria-label=${label} style=${{ minHeight: `${height}px` }}
    onClick=${() => plot.current && press?.(plot.current)}></div>`;
}

function options(
  /** @type {Scale} */ x, /** @type {Scale} */ y, /** @type {number} */ width, /** @type {number} */ height,
  /** @type {any} */ calls,
) {
  const axis = (/** @type {Scale} */ scale) => ({
    stroke: colour("muted"),
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { stroke: colour("line"), width: 1 },
    font: "12px system-ui, sans-serif",
    values: (/** @type {any} */ _, /** @type {(number | null)[]} */ values) =>
      values.map((v) => (v === null ? "" : (scale.text ?? ((n) => number(n, 4)))(v))),
  });
  return {
    width,
    height,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: { points: { show: false }, drag: { setScale: false, x: false, y: false }, x: false, y: false },
    scales: {
      x: { time: false, distr: x.isLog ? 3 : 1, range: () => [x.low, x.high] },
      y: { distr: y.isLog ? 3 : 1, range: () => [y.low, y.high] },
    },
    axes: [{ ...axis(x), size: 34 }, { ...axis(y), size: 62 }],
    series: [{}, { show: true, points: { show: false } }],
    hooks: {
      draw: [
        (/** @type {any} */ plot) => {
          const { left, top, width: w, height: h } = plot.bbox;
          plot.ctx.save();
          plot.ctx.beginPath();
          plot.ctx.rect(left - 4, top - 4, w + 8, h + 8);
          plot.ctx.clip();
          calls.current.draw(plot, plot.ctx);
          plot.ctx.restore();
        },
      ],
      setCursor: [
        (/** @type {any} */ plot) => {
          const { left, top } = plot.cursor;
          calls.current.point?.(plot, left ?? -1, top ?? -1);
        },
      ],
    },
  };
}

/** The range that shows some values with a little room. @param {ArrayLike<number>[]} lists @param {boolean} isLog */
export function range(lists, isLog) {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const v = list[i];
      if (v - v !== 0 || (isLog && v <= 0)) continue;
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  if (low > high) return { low: isLog ? 0.1 : 0, high: 1, isLog };
  if (isLog) return { low: low / 1.15, high: high * 1.15, isLog };
  const room = (high - low || Math.abs(high) || 1) * 0.05;
  return { low: low - room, high: high + room, isLog };
}
