// @ts-check
/** Small parts that several pages show. */
import { href } from "../address.js";
import { html, useState } from "../html.js";
import { say } from "./confirm.js";

/** A command to type, with a button that copies it. @param {{ text: string, label?: string }} props */
export function Typed({ text, label }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say("copied");
    } catch {
      say("the browser does not let this page copy; select the text instead", true);
    }
  };
  return html`<div class="typed">
    <code>${text}</code>
    <button class="small" onClick=${copy} aria-label=${`Copy ${label ?? "the command"}`}>Copy</button>
  </div>`;
}

/** How far a sweep is: a bar of its states, and the numbers. @param {{ view: any, unit?: string }} props */
export function Progress({ view, unit = "" }) {
  const c = view.counts;
  const ended = c.done + c.stopped + c.failed + c.cancelled;
  const total = Math.max(view.total ?? 0, view.trials, 1);
  const text = `${ended.toLocaleString("en")} of ${view.total === null ? "?" : view.total.toLocaleString("en")}`;
  const parts = ["done", "stopped", "failed", "cancelled", "running"];
  const words = parts.filter((state) => c[state]).map((state) => `${c[state]} ${state}`);
  return html`<span class="progress" title=${words.join(", ")}>
    <span class="bar" role="img" aria-label=${`${text} trials: ${words.join(", ") || "none yet"}`}>
      ${parts.map(
        (state) =>
          c[state] > 0 &&
          html`<span key=${state} class=${`part is-${state}`} style=${{ width: `${(100 * c[state]) / total}%` }}></span>`,
      )}
    </span>
    <span class="progress-text">${text}${unit}</span>
  </span>`;
}

/** Something that can be folded away; it remembers nothing. @param {any} props */
export function Fold({ title, open = false, children }) {
  const [isOpen, setOpen] = useState(open);
  return html`<section class="panel fold">
    <h2><button class="fold-button" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
      <span class="chevron" aria-hidden="true">${isOpen ? "▾" : "▸"}</span> ${title}</button></h2>
    ${isOpen && children}
  </section>`;
}

/** What went wrong, and a way to try again. @param {{ error: Error, retry: () => void }} props */
export const Fault = ({ error, retry }) => html`<div class="panel fault" role="alert">
  <h2>This could not be shown</h2>
  <p>${error.message.split("`").map((text, i) => (i % 2 ? html`<code key=${i}>${text}</code>` : text))}</p>
  <p class="hint"><button onClick=${retry}>Try again</button> <a class="button" href=${href({})}>All sweeps</a></p>
</div>`;
