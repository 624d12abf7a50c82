// @ts-check
/** The end of what a trial printed; while it runs, it follows. */
import { getJson } from "../api.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";

const LOOK_MS = 1500;
const MOST = 200_000; // characters kept in the page

/** @param {{ sweep: string, number: number, isLive: boolean, attempt: number, hasFailed: boolean }} props */
export function Log({ sweep, number, isLive, attempt, hasFailed }) {
  const [stream, setStream] = useState(hasFailed ? "stderr" : "stdout"); // where most programs say why
  const [log, setLog] = useState(/** @type {any} */ (null));
  const box = useRef(/** @type {HTMLPreElement | null} */ (null));
  const isAtEnd = useRef(true);
  useEffect(() => {
    let isOver = false;
    /** @type {any} */
    let held = null;
    /** @type {number | undefined} */
    let timer;
    const look = async () => {
      try {
        /** @type {import("../api.js").Query} */
        const query = { sweep, number, stream };
        if (held && !held.missing) query.after = held.end;
        const found = await getJson("log", query);
        if (isOver) return;
        const goesOn = held && !held.missing && found.start === held.end;
        held = goesOn ? { ...found, start: held.start, text: (held.text + found.text).slice(-MOST) } : found;
        setLog(held);
      } catch (error) {
        if (!held) setLog({ missing: /** @type {Error} */ (error).message, text: "" });
      }
      if (isLive && !isOver) timer = setTimeout(look, LOOK_MS);
    };
    isAtEnd.current = true;
    look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [sweep, number, stream, isLive, attempt]);
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [log]);
  const seen = () => {
    const b = box.current;
    if (b) isAtEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < 30;
  };
  return html`<section class="panel"><div class="panel-head"><h2>What it printed</h2>
      <div class="choices" role="group" aria-label="Stream">
        ${["stdout", "stderr"].map((name) => html`<button key=${name} class="small" aria-pressed=${name === stream} onClick=${() => setStream(name)}>${name}</button>`)}
      </div></div>
    ${log?.start > 0 && html`<p class="muted">The last ${Math.round(log.text.length / 1024)} kB; all of it: <code>${log.path}</code></p>`}
    ${
      !log
        ? html`<p class="nothing">Reading…</p>`
        : log.missing
          ? html`<p class="nothing">No ${stream}: ${log.missing}.</p>`
          : log.text
            ? html`<pre class="log" ref=${box} onScroll=${seen} tabindex="0" aria-label=${stream}>${log.text}</pre>`
            : html`<p class="nothing">Nothing on ${stream}${isLive ? " yet" : ""}.</p>`
    }
  </section>`;
}
