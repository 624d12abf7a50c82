// @ts-check
/** Which trials are chosen to be compared: they stand in the address. */

export const MOST = 50;

/** The trials that are chosen, by their numbers. @param {import("../columns.js").Columns} columns @param {string} text */
export const chosenRows = (columns, text) =>
  [...new Set(text.split(",").filter(Boolean).map(Number))].filter((row) => Number.isInteger(row) && row >= 0 && row < columns.count).slice(0, MOST);
