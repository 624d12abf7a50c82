// @ts-check
/** The packages that were installed when a sweep was made. */
import { getText } from "../api.js";
import { html, useEffect, useState } from "../html.js";

/** @param {{ sweep: string }} props */
export function Packages({ sweep }) {
  const [text, setText] = useState("Reading…");
  useEffect(() => {
    getText("packages", { sweep }).then(setText, (error) => setText(error.message));
  }, [sweep]);
  return html`<pre class="diff is-columns" tabindex="0" aria-label="Packages">${text}</pre>`;
}
