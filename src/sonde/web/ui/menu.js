// @ts-check
/** Menus (`details.menu`) close when one presses elsewhere, or Escape. */

/** @param {Event} event a press, or a key */
export function leaveMenus(event) {
  const isKey = event instanceof KeyboardEvent;
  if (isKey && event.key !== "Escape") return;
  for (const menu of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.menu[open]"))) {
    const isWithin = menu.contains(/** @type {Node} */ (event.target));
    if (isWithin && !isKey) continue;
    menu.open = false;
    if (isWithin) menu.querySelector("summary")?.focus();
  }
}
