// @ts-check
/** What a trial left: pictures are shown, all else can be saved. */
import { getJson, urlOf } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { count, when } from "../numbers.js";

const LATER_MS = 4000; // while it runs
const MOST_SHOWN = 24;
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/svg+xml"];

/** @param {{ sweep: string, number: number, attempts: number, isLive: boolean }} props */
export function Artifacts({ sweep, number, attempts, isLive }) {
  const [files, setFiles] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState("");
  const root = `../sweeps/${sweep}/trials/${number}`;
  useEffect(() => {
    let isOver = false;
    /** @type {number | undefined} */
    let timer;
    const look = () =>
      getJson(`${root}/files`).then(
        (found) => {
          if (isOver) return;
          setFiles(found.artifacts);
          setError("");
          if (isLive) timer = setTimeout(look, LATER_MS);
        },
        (fault) => !isOver && setError(fault.message),
      );
    if (attempts) look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [sweep, number, attempts, isLive]);
  if (error) return html`<section class="panel"><h2>Artifacts</h2><p class="nothing">${error}</p></section>`;
  if (!files || files.length === 0) return null; // most trials leave none
  const of = (/** @type {any} */ file, /** @type {Record<string, string>} */ query = {}) =>
    String(urlOf(`${root}/artifacts/${file.path.split("/").map(encodeURIComponent).join("/")}`, { ...query, attempt: attempts }));
  const pictures = files.filter((/** @type {any} */ file) => PICTURES.includes(file.media_type));
  return html`<section class="panel"><div class="panel-head"><h2>Artifacts</h2><p class="muted">${count(files.length, "file")}</p></div>
    ${pictures.length > 0 && html`<div class="pictures">${pictures.slice(0, MOST_SHOWN).map(
      (/** @type {any} */ file) => html`<figure key=${file.path}><a href=${of(file)} target="_blank" rel="noopener"><img src=${of(file)} alt=${`The picture ${file.path}`} loading="lazy" /></a><figcaption class="muted">${file.path}</figcaption></figure>`,
    )}</div>`}
    <div class="scroll" tabindex="0" role="region" aria-label="Artifacts"><table class="plain-table"><thead><tr><th scope="col">File</th><th scope="col" class="right">Size</th><th scope="col">Written</th><th scope="col"><span class="sr">Save</span></th></tr></thead>
      <tbody>${files.map(
        (/** @type {any} */ file) => html`<tr key=${file.path}><th scope="row"><a href=${of(file)} target="_blank" rel="noopener">${file.path}</a></th><td class="right num">${bytes(file.size)}</td>
          <td class="num">${when(Date.parse(file.modified) / 1000)}</td><td><a href=${of(file, { save: "true" })} download>Save</a></td></tr>`,
      )}</tbody></table></div></section>`;
}

/** `812 B`, `4.2 kB`, `1.3 GB`. @param {number} size */
export function bytes(size) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(size < 1000 ? 0 : Math.floor(Math.log10(size) / 3), units.length - 1);
  const v = size / 1000 ** power;
  return `${power && v < 100 ? v.toFixed(1) : Math.round(v)} ${units[power]}`;
}
