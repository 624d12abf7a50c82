// @ts-check
/** The page of a server that wants a token, to those who have not given one. */
import { html, useState } from "../html.js";
import { unlock } from "../session.js";

export function Locked() {
  const [wrong, setWrong] = useState("");
  const send = async (/** @type {any} */ event) => {
    event.preventDefault();
    setWrong("");
    setWrong(await unlock(event.target.elements.token.value.trim()));
  };
  return html`<form class="empty panel" onSubmit=${send}>
    <h1>This server asks for a token</h1>
    <p>On its machine, <code>sonde token add NAME</code> makes one and prints it.</p>
    <label class="token">Token <input type="password" name="token" required autocomplete="current-password" aria-describedby="wrong" /></label>
    <p id="wrong" class="error-line" role="alert">${wrong}</p>
    <button>Enter</button>
  </form>`;
}
