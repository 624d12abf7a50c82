// @ts-check
/** Saving a chart as a file: the menu. */
import { html, useRef } from "../html.js";
import { say } from "./confirm.js";
import { saveChart } from "./files.js";

/**
 * @param {object} props
 * @param {string} props.name of the file, without what stands behind the dot
 * @param {string} props.label
 * @param {() => number[]} props.size in CSS pixels
 * @param {(context: any) => void} props.paint
 */
export function Save({ name, label, size, paint }) {
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const save = async (/** @type {string} */ kind) => {
    if (menu.current) menu.current.open = false;
    try {
      const [width, height] = size();
      await saveChart(kind, name, label, width, height, paint);
    } catch (error) {
      say(`it could not be saved: ${/** @type {Error} */ (error).message}`, true);
    }
  };
  return html`<details class="menu save" ref=${menu}><summary aria-label=${`Save ${name}`}>Save</summary>
    <div class="menu-list">${["SVG", "PNG", "HTML"].map(
      (kind) => html`<button key=${kind} class="small" onClick=${() => save(kind.toLowerCase())}>${kind}</button>`,
    )}</div></details>`;
}
