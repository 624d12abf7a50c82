// @ts-check
/** A trial of one's own: with values typed in, or those of another trial, changed. */
import { post } from "../api.js";
import { html, useState } from "../html.js";
import { shown } from "../numbers.js";
import { say } from "../ui/confirm.js";
import { open } from "../ui/dialog.js";

/**
 * @param {{ id: string, name: string, parameters: any[], ended: boolean }} sweep
 * @param {Record<string, any>} params to begin with
 * @param {number} [of] whose they are
 */
export function askForTrial(sweep, params, of) {
  const title = of === undefined ? `A trial of ${sweep.name} with your values` : `A trial like #${of} of ${sweep.name}`;
  open(title, (close) => html`<${Form} sweep=${sweep} params=${params} close=${close} />`);
}

/** @param {any} props */
function Form({ sweep, params, close }) {
  const fields = sweep.parameters.filter((/** @type {any} */ p) => !p.constant);
  const [texts, setTexts] = useState(Object.fromEntries(fields.map((/** @type {any} */ p) => [p.name, params[p.name] === undefined ? "" : textOf(p, params[p.name])])));
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    setError("");
    /** @type {Record<string, any>} */
    const values = {};
    for (const p of fields) if (texts[p.name].trim() !== "") values[p.name] = valueOf(p, texts[p.name], params[p.name]);
    try {
      const trial = await post(`../sweeps/${sweep.id}/trials`, {}, { params: values });
      close();
      const way = {
        verb: "Undo",
        act: () => post("trial", { sweep: sweep.id, number: trial.number, action: "cancel" }).then(() => say(`#${trial.number} was taken back`), (fault) => say(fault.message, true)),
      };
      say(`#${trial.number} is next${sweep.ended ? "; resume the sweep, and an agent runs it" : ""}`, false, way);
    } catch (fault) {
      setError(/** @type {Error} */ (fault).message);
      setBusy(false);
    }
  };
  return html`<form onSubmit=${send}>
    <p class="muted">It runs before anything the method proposes. Leave empty what has no value under its condition.</p>
    <div class="fields">${fields.map((/** @type {any} */ p) => {
      const set = (/** @type {any} */ e) => setTexts({ ...texts, [p.name]: e.target.value });
      return html`<label key=${p.name}><span>${p.name}</span>
        ${
          p.choices
            ? html`<select value=${texts[p.name]} onChange=${set}>${p.when || texts[p.name] === "" ? html`<option value="" selected=${texts[p.name] === ""}>–</option>` : null}
              ${p.choices.map((/** @type {any} */ choice, /** @type {number} */ i) => html`<option key=${i} value=${`${i}`} selected=${texts[p.name] === `${i}`}>${shown(choice)}</option>`)}</select>`
            : html`<input type="text" value=${texts[p.name]} onInput=${set} />`
        }
        <small class="muted">${p.text}${p.when ? `, when ${p.when}` : ""}</small></label>`;
    })}</div>
    ${error && html`<p class="error-line" role="alert">${error}</p>`}
    <div class="buttons"><button type="button" onClick=${close}>Leave it</button><button class="main" disabled=${isBusy}>Add the trial</button></div>
  </form>`;
}

/** A choice is known by its place, all else by what it reads as. @param {any} p @param {any} value */
function textOf(p, value) {
  if (!p.choices) return typeof value === "string" ? value : isTiny(value) ? value.toExponential() : JSON.stringify(value);
  const at = p.choices.findIndex((/** @type {any} */ choice) => JSON.stringify(choice) === JSON.stringify(value));
  return at < 0 ? "" : `${at}`;
}

/** Of which only the zeros would be in sight. @param {any} value */
const isTiny = (value) => typeof value === "number" && value !== 0 && Math.abs(value) < 1e-4;

/** @param {any} p @param {string} text @param {any} before */
function valueOf(p, text, before) {
  if (p.choices) return p.choices[Number(text)];
  if (before !== undefined && text === textOf(p, before)) return before;
  try {
    return JSON.parse(text);
  } catch {
    const number = Number(text.trim());
    return Number.isNaN(number) ? text : number;
  }
}
