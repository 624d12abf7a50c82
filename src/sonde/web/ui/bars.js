// @ts-check
/** Bars of shares, one below the other. */
import { html } from "../html.js";
import { colour } from "../theme.js";
import { Plot } from "./plot.js";

const ROW = 26; // pixels

/**
 * A bar for each share from zero, with its interval.
 * @param {{ shares: any[], name: string, title: string, label: string, low: number, high: number, text: (v: number) => string,
 *   of: (share: any) => any, span?: (share: any) => any[], tint?: (share: any) => string }} props `tint`: the name of its colour
 */
export function Bars({ shares, name, title, label, low, high, text, of, span, tint }) {
  const n = shares.length;
  const draw = (/** @type {import("../ui/plot.js").Frame} */ frame, /** @type {CanvasRenderingContext2D} */ context) => {
    const zero = frame.px(0);
    shares.forEach((/** @type {any} */ share, /** @type {number} */ i) => {
      const value = of(share);
      if (value === null || !Number.isFinite(Number(value))) return;
      const [x, y] = [frame.px(Number(value)), frame.py(i)];
      context.fillStyle = colour(tint ? tint(share) : "point");
      context.fillRect(Math.min(x, zero), y - 7, Math.max(Math.abs(x - zero), 1), 14);
      if (!span) return;
      const [a, b] = span(share).map((/** @type {number} */ v) => frame.px(v));
      context.strokeStyle = colour("text");
      context.lineWidth = 1.5;
      context.beginPath();
      context.moveTo(a, y);
      context.lineTo(b, y);
      for (const end of [a, b]) {
        context.moveTo(end, y - 4);
        context.lineTo(end, y + 4);
      }
      context.stroke();
    });
    context.strokeStyle = colour("muted");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(zero, frame.top);
    context.lineTo(zero, frame.top + frame.height);
    context.stroke();
  };
  const short = (/** @type {string} */ word) => (word.length > 20 ? `${word.slice(0, 19)}…` : word);
  return html`<${Plot} label=${label} name=${name} height=${ROW * n + 64} deps=${[shares]} draw=${draw}
    x=${{ low, high, text, title }} y=${{ low: n - 0.5, high: -0.5, title: " ", ticks: shares.map((/** @type {any} */ s, /** @type {number} */ at) => ({ at, text: short(s.name) })) }} />`;
}
