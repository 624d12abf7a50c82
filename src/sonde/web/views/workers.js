// @ts-check
/** How many trials of a sweep run at once at most, on all machines together. */
import { post } from "../api.js";
import { html, useState } from "../html.js";
import { count } from "../numbers.js";
import { say } from "../ui/confirm.js";
import { open } from "../ui/dialog.js";

/** @param {any} sweep */
export const askForWorkers = (sweep) => open(`How many trials of ${sweep.name} run at once`, (close) => html`<${Form} sweep=${sweep} close=${close} />`);

/** @param {any} props */
function Form({ sweep, close }) {
  const before = sweep.budget.workers;
  const [most, setMost] = useState(before === null ? "" : String(before));
  const [error, setError] = useState("");
  const save = async (/** @type {number | null} */ workers, /** @type {boolean} */ isUndo) => {
    await post("workers", { sweep: sweep.id }, { workers });
    const said = workers === null ? "as many trials run at once as agents take" : `${workers} run at once at most`;
    say(`${sweep.name}: ${said}`, false, isUndo ? undefined : { verb: "Undo", act: () => save(before, true).catch((fault) => say(fault.message, true)) });
  };
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const n = most.trim() === "" ? null : Number(most);
    if (n !== null && !(Number.isInteger(n) && n > 0)) return setError("a whole number from 1 on, or nothing");
    try {
      await save(n, false);
      close();
    } catch (fault) {
      setError(/** @type {Error} */ (fault).message);
    }
    return undefined;
  };
  return html`<form onSubmit=${send}>
    <p class="muted">A limit for all agents together, wherever they are; ${count(sweep.counts.running, "trial")} ${sweep.counts.running === 1 ? "runs" : "run"} now. Nothing: as many as agents take. Trials that run go on. Where it is raised, <code>sonde run</code> starts further agents; others are started with <code>sonde agent</code>.</p>
    <div class="fields"><label><span>Trials at once, at most</span><input type="text" inputmode="numeric" value=${most} onInput=${(/** @type {any} */ e) => setMost(e.target.value)} /></label></div>
    ${error && html`<p class="error-line" role="alert">${error}</p>`}
    <div class="buttons"><button type="button" onClick=${close}>Leave it</button><button class="main">Save</button></div>
  </form>`;
}
