// @ts-check
/** Who looks: what the token of this browser allows, or that one is needed. */
import { signal } from "./html.js";

const API = new URL("api/v1/", document.baseURI);

/** `unknown`, `locked`, or the role: `viewer`, `agent` or `admin`. */
export const role = signal("unknown");

/** Whether one may pause, stop and cancel here. */
export const maySteer = () => role.value === "admin";

/** Ask the server who one is. */
export async function enter() {
  try {
    const answer = await fetch(new URL("server", API));
    if (answer.status === 401) role.value = "locked";
    else if (answer.ok) role.value = (await answer.json()).role;
    else throw new Error();
  } catch {
    role.value = "viewer"; // the pages say what is wrong
  }
}

/** Keep a token in a cookie that no script can read. @param {string} token @returns {Promise<string>} what is wrong, or nothing */
export async function unlock(token) {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ token });
  try {
    const kept = await fetch(new URL("session", API), { method: "POST", headers, body });
    if (!kept.ok) return "That cannot be a token: it has letters, digits, - and _ only.";
    const answer = await fetch(new URL("server", API));
    if (answer.status === 401) return "This server does not know that token.";
    if (!answer.ok) return (await answer.json().catch(() => ({}))).detail ?? "The server refused it.";
    role.value = (await answer.json()).role;
    return "";
  } catch {
    return "The server does not answer.";
  }
}
