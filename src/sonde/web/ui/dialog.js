// @ts-check
/** A window above the page with something to fill in. */
import { html, signal, useEffect, useRef } from "../html.js";

/** What it shows, or nothing. @type {{ value: null | { title: string, body: (close: () => void) => any } }} */
const shown = signal(null);

/** @param {string} title @param {(close: () => void) => any} body */
export function open(title, body) {
  shown.value = { title, body };
}

export function Dialog() {
  const now = shown.value;
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    if (now) dialog.current?.showModal();
  }, [now]);
  if (!now) return null;
  const close = () => {
    shown.value = null;
  };
  return html`<dialog ref=${dialog} class="filled" aria-labelledby="dialog-title" onCancel=${close}>
    <h2 id="dialog-title">${now.title}</h2>${now.body(close)}</dialog>`;
}
