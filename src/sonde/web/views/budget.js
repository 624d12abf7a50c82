// @ts-check
/** Giving a sweep another budget. */
import { post } from "../api.js";
import { html, useState } from "../html.js";
import { say } from "../ui/confirm.js";
import { open } from "../ui/dialog.js";

/** @param {any} sweep */
export const askForBudget = (sweep) => open(`The budget of ${sweep.name}`, (close) => html`<${Form} sweep=${sweep} close=${close} />`);

/** @param {any} props */
function Form({ sweep, close }) {
  const before = sweep.budget;
  const [trials, setTrials] = useState(before.trials === null ? "" : String(before.trials));
  const [hours, setHours] = useState(before.time_s === null ? "" : String(Number((before.time_s / 3600).toPrecision(6))));
  const [error, setError] = useState("");
  const save = async (/** @type {any} */ budget, /** @type {boolean} */ isUndo) => {
    await post("budget", { sweep: sweep.id }, budget);
    say(isUndo ? "the budget is what it was" : `${sweep.name} has another budget`, false,
      isUndo ? undefined : { verb: "Undo", act: () => save(before, true).catch((fault) => say(fault.message, true)) });
  };
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const n = trials.trim() === "" ? null : Number(trials);
    const h = hours.trim() === "" ? null : Number(hours);
    if (n !== null && !(Number.isInteger(n) && n > 0)) return setError("trials: a whole number from 1 on, or nothing");
    if (h !== null && !(h > 0 && Number.isFinite(h))) return setError("hours: a number above 0, or nothing");
    try {
      await save({ trials: n, time_s: h === null ? null : h * 3600 === Number(before.time_s) ? before.time_s : h * 3600 }, false);
      close();
    } catch (fault) {
      setError(/** @type {Error} */ (fault).message);
    }
    return undefined;
  };
  return html`<form onSubmit=${send}>
    <p class="muted">It is done when it has so many trials in all (${sweep.trials.toLocaleString("en")} so far), or has worked for so long. Nothing: no limit. Running trials go on.</p>
    <div class="fields"><label><span>Trials</span><input type="text" inputmode="numeric" value=${trials} onInput=${(/** @type {any} */ e) => setTrials(e.target.value)} /></label>
      <label><span>Hours</span><input type="text" inputmode="decimal" value=${hours} onInput=${(/** @type {any} */ e) => setHours(e.target.value)} /></label></div>
    ${error && html`<p class="error-line" role="alert">${error}</p>`}
    <div class="buttons"><button type="button" onClick=${close}>Leave it</button><button class="main">Save</button></div>
  </form>`;
}
