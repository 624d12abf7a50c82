// @ts-check
/** Points of trials with the best so far, or the front of two goals, in a frame. */
import { colour, rgb } from "../theme.js";

/** @typedef {import("../ui/plot.js").Frame} Frame */
/** @typedef {import("./history.js").Points} Points */

const SIZE = 2.6;
const MANY = 3000; // points beyond which shapes could not be told apart anyway

/**
 * @param {Frame} frame @param {CanvasRenderingContext2D} context @param {any} columns
 * @param {Points} found @param {Uint8Array} isChosen by row
 */
export function drawPoints(frame, context, columns, found, isChosen) {
  if (found.rows.length > MANY) drawDots(frame, context, found, isChosen);
  else drawShapes(frame, context, columns, found, isChosen);
  if (found.means) whiskers(frame, context, found, found.means);
  context.strokeStyle = colour("best");
  context.lineWidth = 2;
  context.beginPath();
  if (found.front) frontLine(frame, context, found);
  else bestLine(frame, context, found);
  context.stroke();
}

/** One standard error up and down from each mean. @param {Frame} frame @param {CanvasRenderingContext2D} context @param {Points} found @param {import("./history.js").Means} means */
function whiskers(frame, context, found, means) {
  context.strokeStyle = colour("point");
  context.lineWidth = 1;
  context.beginPath();
  found.rows.forEach((row, i) => {
    const error = means.errors[row];
    if (error !== error) return;
    const x = frame.px(found.xs[i]);
    const low = frame.py(found.ys[i] - error);
    context.moveTo(x, low === low ? low : frame.top + frame.height); // below zero on a logarithmic axis
    context.lineTo(x, frame.py(found.ys[i] + error));
  });
  context.stroke();
}

/** Around the point under the pointer. @param {Frame} frame @param {CanvasRenderingContext2D} context @param {Points} found @param {number} at */
export function drawRing(frame, context, found, at) {
  context.strokeStyle = colour("best");
  context.lineWidth = 2;
  context.beginPath();
  context.arc(frame.px(found.xs[at]), frame.py(found.ys[at]), 3 * SIZE, 0, 7);
  context.stroke();
}

/**
 * A trial's shape by its state: a circle, a square where it was stopped, a cross where it failed, a triangle while it runs.
 * @param {CanvasRenderingContext2D} context @param {string} state @param {number} x @param {number} y @param {number} [size]
 */
export function shape(context, state, x, y, size = SIZE) {
  context.beginPath();
  if (state === "failed") {
    const [before, width] = [context.strokeStyle, context.lineWidth];
    [context.strokeStyle, context.lineWidth] = [context.fillStyle, 1.6];
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x - size, y + size);
    context.lineTo(x + size, y - size);
    context.stroke();
    [context.strokeStyle, context.lineWidth] = [before, width];
    return;
  }
  if (state === "stopped") context.rect(x - size * 0.8, y - size * 0.8, size * 1.6, size * 1.6);
  else if (state === "running") {
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y);
    context.lineTo(x - size, y + size);
  } else context.arc(x, y, size, 0, 7);
  context.fill();
}

/** Steps through the front: what lies behind them is beaten in both goals. @param {Frame} frame @param {CanvasRenderingContext2D} context @param {Points} found */
function frontLine(frame, context, found) {
  (found.front ?? []).forEach((at, i, front) => {
    const [x, y] = [frame.px(found.xs[at]), frame.py(found.ys[at])];
    if (i) context.lineTo(x, frame.py(found.ys[front[i - 1]]));
    else context.moveTo(x, y);
    context.lineTo(x, y);
  });
}

/** @param {Frame} frame @param {CanvasRenderingContext2D} context @param {Points} found */
function bestLine(frame, context, found) {
  let isDown = false;
  let y = Number.NaN;
  for (let i = 0; i < found.best.length; i++) {
    const best = found.best[i];
    if (best !== best || best === y) continue;
    const [x, height] = [frame.px(found.xs[i]), frame.py(best)];
    if (isDown) {
      context.lineTo(x, frame.py(y));
      context.lineTo(x, height);
    } else context.moveTo(x, height);
    isDown = true;
    y = best;
  }
  if (isDown) context.lineTo(frame.left + frame.width, frame.py(y));
}

/** @param {Frame} frame @param {CanvasRenderingContext2D} context @param {any} columns @param {Points} found @param {Uint8Array} isChosen */
function drawShapes(frame, context, columns, found, isChosen) {
  for (const pass of [0, 1]) {
    context.fillStyle = colour(pass ? "point" : "ghost");
    for (let i = 0; i < found.rows.length; i++) {
      const row = found.rows[i];
      if (isChosen[row] === pass) shape(context, columns.stateOf(row), frame.px(found.xs[i]), frame.py(found.ys[i]));
    }
  }
}

/** Two by two pixels for each point, written as such: a hundred thousand paths would take long. @param {Frame} frame @param {CanvasRenderingContext2D} context @param {Points} found @param {Uint8Array} isChosen */
function drawDots(frame, context, found, isChosen) {
  const ratio = devicePixelRatio || 1;
  const { left, top, px, py } = frame;
  const [width, height] = [Math.ceil(frame.width * ratio) + 2, Math.ceil(frame.height * ratio) + 2];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = brush.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  // As little-endian machines have it.
  const [ghost, point] = ["ghost", "point"].map((name) => rgb(colour(name))).map(([r, g, b]) => (0xe6 << 24) | (b << 16) | (g << 8) | r);
  const chosen = new Uint32Array(found.rows.length);
  let n = 0;
  const dot = (/** @type {number} */ at, /** @type {number} */ paint) => {
    pixels[at] = pixels[at + 1] = pixels[at + width] = pixels[at + width + 1] = paint;
  };
  for (let i = 0; i < found.rows.length; i++) {
    const at = (((py(found.ys[i]) - top) * ratio) | 0) * width + (((px(found.xs[i]) - left) * ratio) | 0);
    if (isChosen[found.rows[i]]) chosen[n++] = at;
    else dot(at, ghost);
  }
  for (let i = 0; i < n; i++) dot(chosen[i], point);
  brush.putImageData(image, 0, 0);
  context.drawImage(canvas, left, top, width / ratio, height / ratio);
}
