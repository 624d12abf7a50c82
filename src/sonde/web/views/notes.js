// @ts-check
/** Notes on a sweep, and its tags. */
import { html, useState } from "../html.js";
import { maySteer } from "../session.js";
import { post } from "../api.js";
import { say } from "../ui/confirm.js";

/** @param {{ board: import("../board.js").Board }} props */
export function Notes({ board }) {
  const detail = board.detail.value;
  const [notes, setNotes] = useState(/** @type {string | null} */ (null));
  const [tag, setTag] = useState("");
  const [isBusy, setBusy] = useState(false);
  const save = async (/** @type {Record<string, any>} */ changes, /** @type {string} */ said) => {
    const before = { notes: detail.notes, tags: detail.tags };
    setBusy(true);
    try {
      const now = await post("about", { sweep: detail.id }, changes);
      board.detail.value = { ...board.detail.peek(), ...now };
      setNotes(null);
      say(said, false, { verb: "Undo", act: () => save(Object.fromEntries(Object.keys(changes).map((key) => [key, before[/** @type {"notes" | "tags"} */ (key)]])), "as it was") });
    } catch (error) {
      say(/** @type {Error} */ (error).message, true);
    } finally {
      setBusy(false);
    }
  };
  const add = (/** @type {Event} */ event) => {
    event.preventDefault();
    const fresh = tag.split(",").map((/** @type {string} */ text) => text.trim()).filter((/** @type {string} */ text) => text && !detail.tags.includes(text));
    setTag("");
    if (fresh.length) save({ tags: [...detail.tags, ...fresh] }, "tagged");
  };
  const text = notes ?? detail.notes;
  if (!maySteer())
    return html`<section class="panel"><h2>Notes</h2>${detail.notes ? html`<p class="notes-text">${detail.notes}</p>` : html`<p class="muted">There are none.</p>`}
      <h2 class="later">Tags</h2><p>${detail.tags.join(", ") || html`<span class="muted">none</span>`}</p></section>`;
  return html`<div class="two">
    <section class="panel"><h2><label for="notes">Notes</label></h2>
      <textarea id="notes" rows="12" value=${text} placeholder="What was tried, and what came of it" onInput=${(/** @type {any} */ e) => setNotes(e.target.value)}></textarea>
      <div class="buttons"><button disabled=${notes === null || isBusy} onClick=${() => setNotes(null)}>Leave it</button>
        <button class="main" disabled=${notes === null || notes === detail.notes || isBusy} onClick=${() => save({ notes: text }, "the notes are kept")}>Save</button></div>
    </section>
    <section class="panel"><h2>Tags</h2>
      <p class="tags">${detail.tags.map(
        (/** @type {string} */ one) => html`<span key=${one} class="tag is-large">${one} <button class="link" disabled=${isBusy} aria-label=${`Remove the tag ${one}`}
          onClick=${() => save({ tags: detail.tags.filter((/** @type {string} */ t) => t !== one) }, `${one} was removed`)}>×</button></span>`,
      )}${detail.tags.length === 0 && html`<span class="muted">none yet</span>`}</p>
      <form class="token" onSubmit=${add}><input type="text" aria-label="A new tag" maxlength="100" value=${tag} onInput=${(/** @type {any} */ e) => setTag(e.target.value)} />
        <button disabled=${!tag.trim() || isBusy}>Add</button></form>
      <p class="muted">Tags show in the list of sweeps, where a press on one shows only those that have it.</p>
    </section></div>`;
}
