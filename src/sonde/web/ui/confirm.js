// @ts-check
/** Asking before something is done that cannot be undone, and saying what came of it. */
import { html, signal, useEffect, useRef } from "../html.js";

/** @type {{ value: null | { title: string, text: string, verb: string, done: (yes: boolean) => void } }} */
const question = signal(null);
/** What can be done about what was said: to take it back, mostly. @typedef {{ verb: string, act: () => void }} Way */
/** A line at the foot of the page for some seconds. @type {{ value: null | { text: string, isError: boolean, way?: Way } }} */
const note = signal(null);
/** @type {number | undefined} */
let timer;

const SHOWN_MS = 6000;
const UNDO_MS = 12_000;

/**
 * @param {string} title @param {string} text @param {string} verb what the button says
 * @returns {Promise<boolean>}
 */
export const confirm = (title, text, verb) =>
  new Promise((done) => {
    question.value = { title, text, verb, done };
  });

/** @param {string} text @param {boolean} [isError] @param {Way} [way] a button beside it */
export function say(text, isError = false, way = undefined) {
  clearTimeout(timer);
  note.value = { text, isError, way };
  timer = setTimeout(() => {
    note.value = null;
  }, way ? UNDO_MS : SHOWN_MS);
}

export function Confirm() {
  const asked = question.value;
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    if (asked) dialog.current?.showModal();
  }, [asked]);
  if (!asked) return null;
  const answer = (/** @type {boolean} */ yes) => {
    question.value = null;
    asked.done(yes);
  };
  return html`<dialog ref=${dialog} class="confirm" aria-labelledby="asked" onCancel=${() => answer(false)}>
    <h2 id="asked">${asked.title}</h2>
    <p>${asked.text}</p>
    <div class="buttons">
      <button autofocus onClick=${() => answer(false)}>Leave it</button>
      <button class="danger" onClick=${() => answer(true)}>${asked.verb}</button>
    </div>
  </dialog>`;
}

function take() {
  const way = note.value?.way;
  note.value = null;
  way?.act();
}

export const Note = () => html`<div class="note-place" role="status" aria-live="polite">
  ${note.value && html`<p class=${note.value.isError ? "note is-error" : "note"}>${note.value.text}
    ${note.value.way && html`<button onClick=${take}>${note.value.way.verb}</button>`}</p>`}
</div>`;
