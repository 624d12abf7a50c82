// @ts-check
/**
 * The part of a canvas's context that our charts use, as a recorder of SVG: the functions that
 * draw on the screen so write vector files too.
 */

/** @param {unknown} text */
export const escaped = (text) =>
  String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const ANCHORS = { left: "start", center: "middle", right: "end" };
const short = (/** @type {number} */ v) => String(Math.round(v * 100) / 100);

export class SvgContext {
  constructor() {
    this.fillStyle = "#000";
    this.strokeStyle = "#000";
    this.lineWidth = 1;
    this.globalAlpha = 1;
    this.font = "12px sans-serif";
    /** @type {keyof typeof ANCHORS} */
    this.textAlign = "left";
    this.lineJoin = "miter";
    /** @type {string[]} */
    this.parts = [];
    this.path = "";
    /** @type {number[]} */
    this.dash = [];
    this.clips = 0;
    /** @type {{ state: any, clips: number }[]} */
    this.saved = [];
    this.measure = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  }

  text() {
    return this.parts.join("\n");
  }

  save() {
    const { fillStyle, strokeStyle, lineWidth, globalAlpha, font, textAlign, dash } = this;
    this.saved.push({ state: { fillStyle, strokeStyle, lineWidth, globalAlpha, font, textAlign, dash }, clips: this.clips });
    this.clips = 0;
  }

  restore() {
    const last = this.saved.pop();
    for (; this.clips > 0; this.clips--) this.parts.push("</g>");
    if (last) {
      Object.assign(this, last.state);
      this.clips = last.clips;
    }
  }

  clip() {
    const id = `c${this.parts.length}`;
    this.parts.push(`<clipPath id="${id}"><path d="${this.path}"/></clipPath><g clip-path="url(#${id})">`);
    this.clips++;
  }

  setLineDash(/** @type {number[]} */ dash) {
    this.dash = dash;
  }

  measureText(/** @type {string} */ text) {
    this.measure.font = this.font;
    return this.measure.measureText(text);
  }

  beginPath() {
    this.path = "";
  }

  moveTo(/** @type {number} */ x, /** @type {number} */ y) {
    this.path += `M${short(x)} ${short(y)}`;
  }

  lineTo(/** @type {number} */ x, /** @type {number} */ y) {
    this.path += `${this.path ? "L" : "M"}${short(x)} ${short(y)}`;
  }

  closePath() {
    this.path += "Z";
  }

  rect(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) {
    this.path += `M${short(x)} ${short(y)}h${short(w)}v${short(h)}h${short(-w)}Z`;
  }

  /** Whole circles only. */
  arc(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ r) {
    this.path += `M${short(x - r)} ${short(y)}a${short(r)} ${short(r)} 0 1 0 ${short(2 * r)} 0a${short(r)} ${short(r)} 0 1 0 ${short(-2 * r)} 0`;
  }

  fill() {
    this.parts.push(`<path d="${this.path}" fill="${escaped(this.fillStyle)}"${this.opacity()}/>`);
  }

  stroke() {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    this.parts.push(
      `<path d="${this.path}" fill="none" stroke="${escaped(this.strokeStyle)}" stroke-width="${short(this.lineWidth)}" stroke-linejoin="${this.lineJoin}"${dash}${this.opacity()}/>`,
    );
  }

  fillRect(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) {
    this.parts.push(
      `<rect x="${short(x)}" y="${short(y)}" width="${short(w)}" height="${short(h)}" fill="${escaped(this.fillStyle)}"${this.opacity()}/>`,
    );
  }

  fillText(/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y) {
    const [, weight = "", size, family] = /^(\w+ )?([\d.]+)px (.*)$/.exec(this.font) ?? [];
    this.parts.push(
      `<text x="${short(x)}" y="${short(y)}" font-family="${escaped(family)}" font-size="${size}"${weight ? ` font-weight="${weight.trim()}"` : ""} text-anchor="${ANCHORS[this.textAlign]}" fill="${escaped(this.fillStyle)}">${escaped(text)}</text>`,
    );
  }

  drawImage(/** @type {HTMLCanvasElement} */ image, /** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) {
    this.parts.push(
      `<image x="${short(x)}" y="${short(y)}" width="${short(w)}" height="${short(h)}" preserveAspectRatio="none" href="${image.toDataURL()}"/>`,
    );
  }

  opacity() {
    return this.globalAlpha === 1 ? "" : ` opacity="${short(this.globalAlpha)}"`;
  }
}
