// @ts-check
/** The view is the URL: what is shown, sorted, filtered and chosen stands behind the `?`. */
import { computed, signal } from "./html.js";

/** @typedef {Readonly<Record<string, string>>} Place */

/** @returns {Place} */
const read = () => Object.fromEntries(new URLSearchParams(location.search));

/** The present place; changes with each `go` and with the browser's own buttons. */
export const place = signal(read());

/** One part of the place: what reads it hears of its changes only. @param {string} key */
export const part = (key) => computed(() => place.value[key] ?? "");

addEventListener("popstate", () => {
  place.value = read();
});

/**
 * A link to a place.
 * @param {Record<string, string | number | null | undefined>} to
 */
export function href(to) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(to)) {
    if (value !== null && value !== undefined && value !== "") query.set(key, String(value));
  }
  const text = query.toString();
  return text ? `?${text}` : location.pathname;
}

/**
 * Go to another place.
 * @param {Record<string, string | number | null | undefined>} to
 * @param {{ replace?: boolean }} [how] `replace`: the present one is no place to come back to
 */
export function go(to, { replace = false } = {}) {
  const url = href(to);
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  place.value = read();
  if (!replace) scrollTo(0, 0);
}

/**
 * Change some of the present place, as one does by sorting and filtering.
 * @param {Record<string, string | number | null | undefined>} changes
 */
export const adjust = (changes) => go({ ...place.peek(), ...changes }, { replace: true });

/** Links within the dashboard are followed without loading the page anew. @param {MouseEvent} click */
export function follow(click) {
  if (click.defaultPrevented || click.button || click.ctrlKey || click.metaKey || click.shiftKey)
    return;
  const target = /** @type {Element} */ (click.target);
  const link = target.closest?.("a[href]");
  if (!link || link.getAttribute("target") || link.hasAttribute("download")) return;
  const url = new URL(/** @type {HTMLAnchorElement} */ (link).href);
  if (url.origin !== location.origin || url.pathname !== location.pathname) return;
  click.preventDefault();
  go(Object.fromEntries(url.searchParams));
}
