// @ts-check
/** What git had not committed when a sweep was made. */
import { getText } from "../api.js";
import { html, useEffect, useState } from "../html.js";

/** @param {{ sweep: string }} props */
export function Diff({ sweep }) {
  const [text, setText] = useState("Reading…");
  useEffect(() => {
    getText("diff", { sweep }).then(setText, (error) => setText(error.message));
  }, [sweep]);
  return html`<pre class="diff" tabindex="0" aria-label="The changes">${text.split("\n").map((/** @type {string} */ line) => {
    // A line's end within the template itself would be taken for its layout, and go.
    const kind = line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : line.startsWith("@@") ? "place" : "";
    return html`<span class=${kind}>${`${line}\n`}</span>`;
  })}</pre>`;
}
