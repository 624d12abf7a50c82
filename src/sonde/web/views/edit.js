// @ts-check
/** Editing what a sweep searches, and how, while it runs: what it would do is shown before it is done. */
import { post } from "../api.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { count } from "../numbers.js";
import { say } from "../ui/confirm.js";
import { open } from "../ui/dialog.js";

/** @param {any} detail @param {any[]} versions oldest first @param {() => void} done */
export const askForEdit = (detail, versions, done) =>
  open(`Edit ${detail.name}`, (close) => html`<${Form} detail=${detail} versions=${versions} done=${done} close=${close} />`);

/** @param {any} props */
function Form({ detail, versions, done, close }) {
  const before = Object.fromEntries(detail.parameters.map((/** @type {any} */ p) => [p.name, textOf(p)]));
  const [texts, setTexts] = useState(before);
  const [removed, setRemoved] = useState(/** @type {string[]} */ ([]));
  const [added, setAdded] = useState({ name: "", values: "", backfill: "" });
  const [where, setWhere] = useState(detail.where.join("\n"));
  const [method, setMethod] = useState(detail.method);
  const [stopping, setStopping] = useState(detail.stopping ?? "none");
  const [why, setWhy] = useState("");
  const [seen, setSeen] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const wish = () => {
    /** @type {Record<string, any>} */
    const parameters = {};
    for (const name of Object.keys(before)) if (texts[name] !== before[name] && !removed.includes(name)) parameters[name] = valueOf(texts[name]);
    /** @type {Record<string, any>} */
    const backfill = {};
    if (added.name.trim()) {
      parameters[added.name.trim()] = valueOf(added.values);
      if (added.backfill.trim()) backfill[added.name.trim()] = valueOf(added.backfill);
    }
    const lines = where.split("\n").map((/** @type {string} */ line) => line.trim()).filter(Boolean);
    return {
      parameters, backfill, remove: removed, why, version: versions.at(-1)?.version,
      ...(lines.join("\n") === detail.where.join("\n") ? {} : { where: lines }),
      ...(method.trim() === detail.method ? {} : { method: method.trim() }),
      ...(stopping.trim() === (detail.stopping ?? "none") ? {} : { stopping: stopping.trim() || "none" }),
    };
  };
  const send = async (/** @type {boolean} */ isTrial) => {
    setBusy(true);
    setError("");
    try {
      const answer = await post(`../sweeps/${detail.id}/definition`, {}, { ...wish(), dry_run: isTrial });
      if (isTrial) setSeen(answer);
      else {
        close();
        done();
        say(`${detail.name} is at version ${answer.version}`, false, { verb: "Undo", act: () => takeBack(detail, versions.at(-1), answer, done) });
      }
    } catch (fault) {
      setSeen(null);
      setError(/** @type {Error} */ (fault).message);
    } finally {
      setBusy(false);
    }
  };
  const changed = (/** @type {(value: any) => void} */ set) => (/** @type {any} */ e) => {
    set(e.target.value);
    setSeen(null);
  };
  return html`<form onSubmit=${(/** @type {Event} */ e) => {
    e.preventDefault();
    send(!seen?.changes.length);
  }}>
    <p class="muted">Running trials go on, and no result is lost. A range as <code>1e-4..1e-1:log</code>, choices as <code>["adam", "sgd"]</code>, or one value, to freeze it.</p>
    <div class="fields">${detail.parameters.map((/** @type {any} */ p) => {
      const isOut = removed.includes(p.name);
      return html`<div key=${p.name} class="field"><label><span>${p.name}</span><input type="text" value=${texts[p.name]} disabled=${isOut}
          onInput=${changed((/** @type {string} */ text) => setTexts({ ...texts, [p.name]: text }))} /></label>
        <label class="muted aside"><input type="checkbox" checked=${isOut} onChange=${() => {
          setRemoved(isOut ? removed.filter((/** @type {string} */ name) => name !== p.name) : [...removed, p.name]);
          setSeen(null);
        }} /> take ${p.name} out</label></div>`;
    })}</div>
    <details><summary>Add a parameter</summary><div class="fields">
      <label><span>Name</span><input type="text" value=${added.name} onInput=${changed((name) => setAdded({ ...added, name }))} /></label>
      <label><span>Values</span><input type="text" value=${added.values} onInput=${changed((values) => setAdded({ ...added, values }))} /></label>
      <label><span>In trials so far it was</span><input type="text" value=${added.backfill} onInput=${changed((backfill) => setAdded({ ...added, backfill }))} />
        <small class="muted">known: the search learns from them; empty: it does not</small></label></div></details>
    <details><summary>Method, early stopping, relations</summary><div class="fields">
      <label><span>Method</span><input type="text" value=${method} onInput=${changed(setMethod)} /></label>
      <label><span>Early stopping</span><input type="text" value=${stopping} onInput=${changed(setStopping)} /><small class="muted">none, median, asha(eta=3) ...</small></label>
      <label class="is-wide"><span>Relations, one a line</span><textarea rows="2" value=${where} onInput=${changed(setWhere)}></textarea></label></div></details>
    <div class="fields"><label class="is-wide"><span>Why</span><input type="text" maxlength="1000" value=${why} onInput=${changed(setWhy)} /></label></div>
    ${error && html`<p class="error-line" role="alert">${error}</p>`}
    ${seen && html`<${Effect} seen=${seen} />`}
    <div class="buttons"><button type="button" onClick=${close}>Leave it</button>
      ${
        seen?.changes.length
          ? html`<button type="button" class="main" disabled=${isBusy} onClick=${() => send(false)}>Make it version ${seen.version}</button>`
          : html`<button class="main" disabled=${isBusy}>See what it would do</button>`
      }</div>
  </form>`;
}

/** What an edit would do. @param {{ seen: any }} props */
function Effect({ seen }) {
  const { counting, outside, lacking, withdrawn, running_outside: running } = seen.trials;
  const lacks = Object.keys(lacking);
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), [seen]); // a long form has it out of sight
  if (seen.changes.length === 0) return html`<p role="status">Nothing would be different.</p>`;
  return html`<div class="effect" role="status" ref=${place}><ul>${seen.changes.map((/** @type {any} */ change) => html`<li key=${change.text}>${change.text}</li>`)}</ul>
    <p>The search goes on from ${count(counting, "trial")}${outside ? `; ${count(outside, "trial")} outside of the new space stay what they are` : ""}.
      ${lacks.length ? ` It is not told what ${lacks.join(", ")} was in some trials.` : ""}
      ${withdrawn.length ? html` <strong>${count(withdrawn.length, "waiting trial")} will be called off.</strong>` : null}
      ${running.length ? ` ${count(running.length, "running trial")} outside of it will finish.` : ""}</p></div>`;
}

/** Set again what an edit changed. @param {any} detail @param {any} version the one of before @param {any} made @param {() => void} done */
async function takeBack(detail, version, made, done) {
  const old = version.definition;
  const parameters = old.space.parameters;
  const names = made.changes.filter((/** @type {any} */ c) => c.what.startsWith("parameters.")).map((/** @type {any} */ c) => c.what.slice("parameters.".length));
  const edit = {
    parameters: Object.fromEntries(names.filter((/** @type {string} */ name) => name in parameters).map((/** @type {string} */ name) => [name, parameters[name]])),
    remove: names.filter((/** @type {string} */ name) => !(name in parameters)),
    where: detail.where,
    method: detail.method,
    stopping: detail.stopping ?? "none",
    version: made.version,
    why: `version ${made.version} taken back`,
  };
  try {
    await post(`../sweeps/${detail.id}/definition`, {}, edit);
    done();
    say("as it was");
  } catch (fault) {
    say(/** @type {Error} */ (fault).message, true);
  }
}

/** Values as one types them. @param {any} p */
const textOf = (p) => (p.choices ? JSON.stringify(p.choices) : p.text.replace(/ log$/, ":log"));

/** @param {string} text */
function valueOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text.trim();
  }
}
