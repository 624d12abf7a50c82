// @ts-check
/** Files that a page makes itself: charts as SVG, PNG and HTML, and any text. */
import { colour } from "../theme.js";
import { SvgContext, escaped } from "./svg.js";

const EDGE = 16; // pixels around a chart
const PNG_SCALE = 2;

/**
 * @param {string} kind `svg`, `png` or `html` @param {string} name @param {string} label
 * @param {number} width @param {number} height @param {(context: any) => void} paint
 */
export async function saveChart(kind, name, label, width, height, paint) {
  const [wide, tall] = [width + 2 * EDGE, height + 2 * EDGE];
  if (kind === "png") {
    const canvas = document.createElement("canvas");
    canvas.width = wide * PNG_SCALE;
    canvas.height = tall * PNG_SCALE;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.scale(PNG_SCALE, PNG_SCALE);
    context.fillStyle = colour("panel");
    context.fillRect(0, 0, wide, tall);
    context.translate(EDGE, EDGE);
    paint(context);
    const blob = await new Promise((done) => canvas.toBlob(done));
    if (!blob) throw new Error("the picture is too large");
    download(`${name}.png`, /** @type {Blob} */ (blob));
    return;
  }
  const context = new SvgContext();
  paint(context);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${tall}" viewBox="${-EDGE} ${-EDGE} ${wide} ${tall}" role="img" aria-label="${escaped(label)}">
<title>${escaped(label)}</title><rect x="${-EDGE}" y="${-EDGE}" width="${wide}" height="${tall}" fill="${colour("panel")}"/>
${context.text()}</svg>
`;
  if (kind === "svg") {
    download(`${name}.svg`, new Blob([svg], { type: "image/svg+xml" }));
    return;
  }
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(name)}</title>
<style>body { font: 14px system-ui, sans-serif; background: ${colour("bg")}; color: ${colour("text")}; margin: 24px; } svg { max-width: 100%; height: auto; }</style></head>
<body><h1>${escaped(name)}</h1><p>${escaped(label)}</p>
${svg}</body></html>
`;
  download(`${name}.html`, new Blob([page], { type: "text/html" }));
}

/** @param {string} name @param {Blob} blob */
export function download(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replaceAll(/[^\w.-]+/g, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
