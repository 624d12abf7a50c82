// @ts-check
/** What can be done with a sweep, as buttons; what destroys work asks first. */
import { post } from "../api.js";
import { html, useState } from "../html.js";
import { count } from "../numbers.js";
import { maySteer } from "../session.js";
import { confirm, say } from "../ui/confirm.js";
import { askForBudget } from "./budget.js";
import { askForTrial } from "./enqueue.js";
import { askForWorkers } from "./workers.js";

const WORDS = { pause: "Pause", resume: "Resume", stop: "Stop", cancel: "Cancel" };
/** @type {Record<string, string>} */
const KEYS = { pause: "p", resume: "p" };
const HINTS = {
  pause: "Start no new trials; running ones end by themselves",
  resume: "Let it start new trials again",
  stop: "Start no new trials, and end the sweep when the running ones have ended",
  cancel: "End it and its running trials now, for good",
};
const SAID = {
  pause: "paused: running trials end by themselves",
  resume: "goes on as soon as an agent works on it",
  stop: "stopped: running trials may finish",
  cancel: "cancelled",
};

/** @param {{ view: any }} props */
export function Controls({ view }) {
  const [isBusy, setBusy] = useState(false);
  const act = async (/** @type {keyof typeof WORDS} */ action) => {
    const running = view.counts.running;
    if (action === "cancel" || action === "stop") {
      const lost = running ? `${count(running, "running trial")} will be ended now and will not count. ` : "";
      const left = running ? `; ${count(running, "running trial")} may finish` : "";
      const text =
        action === "cancel"
          ? `${lost}A cancelled sweep cannot be resumed; its results stay.`
          : `No new trial will start${left}. You can resume it later.`;
      if (!(await confirm(`${WORDS[action]} ${view.name}?`, text, `${WORDS[action]} it`))) return;
    }
    setBusy(true);
    try {
      await post("sweep", { sweep: view.id, action });
      const way = action === "pause" || action === "stop" ? { verb: "Undo", act: () => act("resume") } : undefined;
      say(`${view.name} ${SAID[action]}`, false, way);
    } catch (error) {
      say(/** @type {Error} */ (error).message, true);
    } finally {
      setBusy(false);
    }
  };
  if (!maySteer()) return null;
  const isFinal = view.control === "cancelled";
  if (isFinal) return null;
  return html`<div class="controls" role="group" aria-label=${`Steer ${view.name}`}>
    ${view.actions.map(
      (/** @type {keyof typeof WORDS} */ action) => html`<button key=${action} data-key=${KEYS[action]} class=${action === "cancel" ? "danger" : ""} disabled=${isBusy}
        title=${HINTS[action]} onClick=${() => act(action)}>${WORDS[action]}</button>`,
    )}
    ${view.parameters && html`<button title="Add a trial with values of your own" onClick=${() => askForTrial(view, view.best?.params ?? {})}>Add a trial</button>
      <button title="How many trials, for how long" onClick=${() => askForBudget(view)}>Budget</button>
      <button title="How many trials run at once" onClick=${() => askForWorkers(view)}>Workers</button>`}
  </div>`;
}
