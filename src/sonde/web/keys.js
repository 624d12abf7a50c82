// @ts-check
/** Keys that work everywhere: an element that carries `data-key` is pressed, or gets the focus. */
import { go } from "./address.js";
import { toggleTheme } from "./theme.js";
import { tellKeys } from "./views/keys.js";

const SOON_MS = 1500; // within which `s` must follow `g`
let prefixed = Number.NEGATIVE_INFINITY;

/** @param {KeyboardEvent} event */
export function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const target = /** @type {Element} */ (event.target);
  if (target.closest?.("select, textarea, input:not([type=checkbox], [type=range])")) return;
  const { key } = event;
  const isSecond = event.timeStamp - prefixed < SOON_MS;
  prefixed = key === "g" ? event.timeStamp : Number.NEGATIVE_INFINITY;
  if (key === "?") tellKeys();
  else if (key === "t") toggleTheme();
  else if (key === "s" && isSecond) go({});
  else {
    const element = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-key]"))].find((one) => one.dataset.key === key);
    if (!element) return;
    if (element instanceof HTMLInputElement) element.focus();
    else element.click();
  }
  event.preventDefault();
}
