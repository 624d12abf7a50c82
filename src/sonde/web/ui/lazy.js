// @ts-check
/** A part of a page whose module is fetched when it is first shown. */
import { html, signal, useEffect } from "../html.js";
import { say } from "./confirm.js";

/** @type {{ value: Record<string, any>, peek: () => Record<string, any> }} */
const fetched = signal({});

/** @param {{ name: string, load: () => Promise<any>, props: Record<string, any> }} props */
export function Lazy({ name, load, props }) {
  const View = fetched.value[name];
  useEffect(() => {
    if (View) return;
    load().then(
      (view) => {
        fetched.value = { ...fetched.peek(), [name]: view };
      },
      () => say("a part of the dashboard could not be fetched; reload the page", true),
    );
  }, [name]);
  return View ? html`<${View} ...${props} />` : html`<p class="waiting" role="status">Loading…</p>`;
}
