// @ts-check
/** A frame with axes in which functions draw; it follows its size and the theme, and can be saved. */
import { ticks } from "../charts/axis.js";
import { html, useLayoutEffect, useRef } from "../html.js";
import { number } from "../numbers.js";
import { colour, theme } from "../theme.js";
import { Save } from "./save.js";
import { useWidth } from "./size.js";

/**
 * @typedef {object} Scale
 * @property {number} low
 * @property {number} high
 * @property {boolean} [isLog]
 * @property {string} [title]
 * @property {(value: number) => string} [text] of a tick
 * @property {{ at: number, text: string }[]} [ticks] where they are not the round numbers
 */
/**
 * Where things go, in CSS pixels.
 * @typedef {object} Frame
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 * @property {(value: number) => number} px
 * @property {(value: number) => number} py
 */
/** @typedef {(frame: Frame, context: CanvasRenderingContext2D) => void} Draw */

const FONT = "12px system-ui, 'DejaVu Sans', sans-serif";
const TICK_PIXELS = 62;

/**
 * @param {object} props
 * @param {string} props.label for those who do not see it
 * @param {string} [props.name] of the file it is saved as; without it there is no button
 * @param {Scale} props.x
 * @param {Scale} props.y
 * @param {number} [props.height]
 * @param {unknown[]} props.deps what `draw` depends on beside scales, size and theme
 * @param {Draw} props.draw
 * @param {Draw} [props.over] what is drawn above, such as the point under the pointer
 * @param {(frame: Frame, x: number, y: number) => void} [props.point] the pointer moved (-1: away)
 * @param {() => void} [props.press]
 */
export function Plot({ label, name, x, y, height = 260, deps, draw, over, point, press }) {
  const [room, width] = useWidth();
  const under = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const above = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const made = useRef(/** @type {Frame | null} */ (null));
  const key = JSON.stringify([x.low, x.high, x.isLog, x.title, x.ticks, y.low, y.high, y.isLog, y.title, y.ticks, width, height, theme.value]);
  useLayoutEffect(() => {
    if (!width) return;
    made.current = paint(sized(under.current, width, height), x, y, width, height, draw);
  }, [key, ...deps]);
  useLayoutEffect(() => {
    if (width && over && made.current) over(made.current, sized(above.current, width, height));
  });
  const moved = (/** @type {PointerEvent} */ event) => {
    if (!made.current || !point) return;
    const box = room.current.getBoundingClientRect();
    point(made.current, event.clientX - box.left, event.clientY - box.top);
  };
  return html`<div class="plot-place"><div class=${point ? "plot is-live" : "plot"} ref=${room} role="img" aria-label=${label} style=${{ height: `${height}px` }}
      onPointerMove=${moved} onPointerLeave=${() => made.current && point?.(made.current, -1, -1)} onClick=${() => press?.()}>
      <canvas ref=${under}></canvas>${over && html`<canvas ref=${above}></canvas>`}</div>
    ${name && html`<${Save} name=${name} label=${label} size=${() => [width, height]}
      paint=${(/** @type {any} */ context) => paint(context, x, y, width, height, draw)} />`}</div>`;
}

/** A canvas emptied and ready to be drawn on in CSS pixels. @param {HTMLCanvasElement | null} canvas @param {number} width @param {number} height */
export function sized(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const c = /** @type {HTMLCanvasElement} */ (canvas);
  c.width = Math.round(width * ratio);
  c.height = Math.round(height * ratio);
  c.style.width = `${width}px`;
  c.style.height = `${height}px`;
  const context = /** @type {CanvasRenderingContext2D} */ (c.getContext("2d"));
  context.scale(ratio, ratio);
  return context;
}

/**
 * Draw the axes, and within them what `draw` draws.
 * @param {CanvasRenderingContext2D} context @param {Scale} x @param {Scale} y
 * @param {number} width @param {number} height @param {Draw} draw @returns {Frame}
 */
function paint(context, x, y, width, height, draw) {
  const [top, bottom] = [y.title ? 22 : 10, x.title ? 38 : 24];
  const tall = Math.max(height - top - bottom, 10);
  const ys = y.ticks ?? marks(y, tall / 34);
  context.font = FONT;
  const widest = Math.max(24, ...ys.map((tick) => context.measureText(tick.text).width));
  const left = Math.min(Math.round(widest) + 12, width * 0.4);
  const wide = Math.max(width - left - 14, 10);
  const fx = placer(x);
  const fy = placer(y);
  const frame = {
    left, top, width: wide, height: tall,
    px: (/** @type {number} */ v) => left + fx(v) * wide,
    py: (/** @type {number} */ v) => top + (1 - fy(v)) * tall,
  };
  context.lineWidth = 1;
  context.strokeStyle = colour("grid");
  context.fillStyle = colour("muted");
  context.textAlign = "right";
  for (const { at, text } of ys) {
    const py = Math.round(frame.py(at)) + 0.5;
    line(context, left, py, left + wide, py);
    context.fillText(text, left - 7, py + 4);
  }
  context.textAlign = "center";
  let free = Number.NEGATIVE_INFINITY;
  for (const { at, text } of x.ticks ?? marks(x, wide / TICK_PIXELS)) {
    const px = Math.round(frame.px(at)) + 0.5;
    line(context, px, top, px, top + tall);
    const half = context.measureText(text).width / 2;
    if (px - half < free) continue; // it would lie on the one before
    const middle = Math.min(px, width - half);
    context.fillText(text, middle, top + tall + 16);
    free = middle + half + 6;
  }
  if (x.title) {
    const room = width - context.measureText(x.title).width / 2 - 2;
    context.fillText(x.title, Math.min(left + wide / 2, room), height - 5);
  }
  context.textAlign = "left";
  if (y.title) context.fillText(y.title, 2, 12);
  context.save();
  context.beginPath();
  context.rect(left - 4, top - 4, wide + 8, tall + 8);
  context.clip();
  draw(frame, context);
  context.restore();
  return frame;
}

/** @param {CanvasRenderingContext2D} context @param {number} a @param {number} b @param {number} c @param {number} d */
function line(context, a, b, c, d) {
  context.beginPath();
  context.moveTo(a, b);
  context.lineTo(c, d);
  context.stroke();
}

/** @param {Scale} scale @param {number} room how many there is room for */
function marks(scale, room) {
  const text = scale.text ?? ((/** @type {number} */ v) => number(v, 4));
  const found = ticks(scale.low, scale.high, Boolean(scale.isLog), undefined, 9)
    .filter((at) => at >= scale.low && at <= scale.high)
    .map((at) => ({ at, text: text(at) }))
    .filter((tick) => tick.text !== "");
  const step = Math.max(1, Math.ceil(found.length / Math.max(room, 2)));
  return found.filter((_, i) => i % step === 0);
}

/** From a value to a place in [0, 1]. @param {Scale} scale @returns {(value: number) => number} */
function placer({ low, high, isLog }) {
  if (!isLog) return (v) => (v - low) / (high - low);
  const [a, b] = [Math.log(low), Math.log(high)];
  return (v) => (Math.log(v) - a) / (b - a);
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
