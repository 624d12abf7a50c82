// @ts-check
/** The frame around every page: where one is, whether it is live, and the theme. */
import { follow, href, place } from "./address.js";
import { html, render } from "./html.js";
import { pressed } from "./keys.js";
import { connection, trouble } from "./live.js";
import { enter, role } from "./session.js";
import { theme, toggleTheme } from "./theme.js";
import { Confirm, Note } from "./ui/confirm.js";
import { Dialog } from "./ui/dialog.js";
import { leaveMenus } from "./ui/menu.js";
import { Shape } from "./ui/state.js";
import { Locked } from "./views/locked.js";
import { Sweep } from "./views/sweep.js";
import { Sweeps } from "./views/sweeps.js";
import { Trial } from "./views/trial.js";

const STATES = {
  connecting: ["waiting", "connecting", "The first answer of the server is awaited."],
  live: ["running", "live", "What happens shows here within half a second."],
  lost: ["lost", "disconnected", "The server does not answer; what you see may be old."],
};

function App() {
  const { sweep, trial } = place.value;
  return html`<a class="skip" href="#main">To the content</a>
    <header class="top">
      <a class="logo" href=${href({})}><img src="web/icon.svg" alt="" width="22" height="22" />sonde</a>
      <nav aria-label="Where you are">
        <ol>
          <li><a href=${href({})} aria-current=${sweep ? undefined : "page"}>Sweeps</a></li>
          ${sweep && html`<li><a href=${href({ sweep })} aria-current=${trial ? undefined : "page"}>${sweep}</a></li>`}
          ${sweep && trial && html`<li><a href=${href({ sweep, trial })} aria-current="page">#${trial}</a></li>`}
        </ol>
      </nav>
      ${["viewer", "agent"].includes(role.value) && html`<span class="muted" title="Your token lets you look; to steer takes one of the role admin">read only</span>`}
      ${role.value !== "locked" && html`<${Connection} />`}
      <button class="quiet" onClick=${toggleTheme} title="Light or dark" aria-label=${theme.value === "dark" ? "Light" : "Dark"}>
        ${theme.value === "dark" ? "☀" : "☾"}<span class="wide"> ${theme.value === "dark" ? "Light" : "Dark"}</span>
      </button>
    </header>
    <${Trouble} />
    <main id="main" tabindex="-1">
      <${Page} sweep=${sweep} trial=${trial} />
    </main>
    <${Note} />
    <${Dialog} />
    <${Confirm} />`;
}

/** @param {{ sweep?: string, trial?: string }} props */
function Page({ sweep, trial }) {
  if (role.value === "unknown") return html`<p class="waiting" role="status">Loading…</p>`;
  const View = role.value === "locked" ? Locked : !sweep ? Sweeps : trial ? Trial : Sweep;
  return html`<${View} key=${`${sweep}/${trial}`} sweep=${sweep} number=${Number(trial)} />`;
}

function Connection() {
  if (!connection.value) return null;
  const [shape, word, title] = STATES[/** @type {keyof typeof STATES} */ (connection.value)];
  return html`<span class=${`connection is-${connection.value}`} role="status" title=${title}>
    <${Shape} state=${shape} />${word}</span>`;
}

function Trouble() {
  if (connection.value === "lost")
    return html`<div class="banner" role="alert">The server does not answer, so what you see may be old.
      Is <code>sonde ui</code> still running? This page reconnects by itself.</div>`;
  return trouble.value
    ? html`<div class="banner" role="alert">The store cannot be read: ${trouble.value}</div>`
    : null;
}

document.addEventListener("click", follow);
document.addEventListener("keydown", pressed);
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, leaveMenus);
const root = /** @type {Element} */ (document.getElementById("app"));
root.textContent = "";
enter();
render(html`<${App} />`, root);
