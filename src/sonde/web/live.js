// @ts-check
/** Following the server: how sweeps stand, as it changes, and whether we still hear of it. */
import { liveUrl } from "./api.js";
import { signal } from "./html.js";

/** `connecting`, `live` or `lost`; nothing while nothing is to be heard. */
export const connection = signal("");
/** What the server says is wrong with the store, or nothing. */
export const trouble = signal("");

const SLOW_MS = 3000;

/**
 * Call back with each sweep as it changes, until the returned function is called.
 * @param {string | null} sweep only this one
 * @param {(view: any) => void} told
 */
export function listen(sweep, told) {
  /** @type {EventSource | undefined} */
  let source;
  /** @type {number | undefined} */
  let timer;
  let over = false;
  const open = () => {
    if (connection.peek() !== "lost") connection.value = "connecting";
    source = new EventSource(liveUrl(sweep));
    source.onopen = () => {
      connection.value = "live";
    };
    source.onerror = () => {
      if (over) return;
      connection.value = "lost";
      // A browser gives up after an answer that is no stream; we do not.
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, SLOW_MS);
    };
    source.addEventListener("sweep", (event) => told(JSON.parse(event.data)));
    source.addEventListener("trouble", (event) => {
      trouble.value = JSON.parse(event.data).message;
    });
  };
  open();
  return () => {
    over = true;
    clearTimeout(timer);
    source?.close();
  };
}
