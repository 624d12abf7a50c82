// @ts-check
/** What is expected between the results, as cells of colour. */
import { ramp } from "../theme.js";

/** The best and the worst that is expected anywhere. @param {any[]} figures contours, as the server gives them */
export function endsOf(figures) {
  const all = figures.flatMap(({ grid }) => (grid ? grid.value.flat().map(Number).filter(Number.isFinite) : []));
  if (all.length === 0) return null;
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const isMax = figures[0].goal.direction === "maximize";
  return { best: isMax ? high : low, worst: isMax ? low : high };
}

/** @param {any} frame @param {CanvasRenderingContext2D} context @param {any} figure @param {any} ends @param {any} ax @param {any} ay @param {any} x @param {any} y */
export function drawSurface(frame, context, figure, ends, ax, ay, x, y) {
  const { grid } = figure;
  const colours = ramp();
  const to = figure.goal.log ? Math.log : (/** @type {number} */ v) => v;
  const [best, worst] = [to(ends.best), to(ends.worst)];
  // Cells that share an edge within a pixel would be seen as a lattice.
  const pixel = (/** @type {(v: number) => number} */ to) => (/** @type {number} */ v) => Math.round(to(v));
  const edges = (/** @type {any} */ axis, /** @type {any} */ column, /** @type {number[]} */ at, /** @type {any[] | null} */ words) => {
    // The server's places of categories are its own: they are told by their words.
    const place = (/** @type {number} */ v) => axis.to(column.kind === "words" && words ? column.words.findIndex((/** @type {any} */ w, /** @type {number} */ i) => i && JSON.stringify(w) === JSON.stringify(words[v])) - 1 : words ? words[v] : v);
    const middles = at.map(place);
    const half = axis.isWords ? 0.5 / Math.max(axis.column.words.length - 1, 1) : 0;
    return middles.map((m, i) =>
      half
        ? [m - half, m + half]
        : [i ? (middles[i - 1] + m) / 2 : m, i + 1 < middles.length ? (m + middles[i + 1]) / 2 : m],
    );
  };
  const across = edges(ax, x, grid.x.map(Number), wordsOf(figure.x));
  const up = edges(ay, y, grid.y.map(Number), wordsOf(figure.y));
  grid.value.forEach((/** @type {any[]} */ line, /** @type {number} */ j) =>
    line.forEach((value, i) => {
      const t = best === worst ? 0.5 : (to(Number(value)) - worst) / (best - worst);
      if (t !== t) return;
      const [r, g, b] = colours(t);
      context.fillStyle = `rgb(${r | 0},${g | 0},${b | 0})`;
      context.globalAlpha = grid.extrapolates[j][i] ? 0.25 : 0.75;
      const [left, right] = across[i].map(pixel(frame.px));
      const [bottom, top] = up[j].map(pixel(frame.py));
      context.fillRect(left, top, right - left, bottom - top);
    }),
  );
  context.globalAlpha = 1;
}

const wordsOf = (/** @type {any} */ axis) => (axis.kind === "category" ? axis.words : null);
