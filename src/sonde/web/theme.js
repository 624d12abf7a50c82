// @ts-check
/** Light or dark: the system's, until somebody chooses. Charts read their colours from here. */
import { signal } from "./html.js";

const KEY = "sonde-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** `light` or `dark`. */
export const theme = signal(kept() ?? (dark.matches ? "dark" : "light"));
document.documentElement.dataset.theme = theme.value;

dark.addEventListener("change", () => {
  if (!kept()) set(dark.matches ? "dark" : "light");
});

/** What somebody chose here. A page in a frame, such as a figure in a notebook, may have no storage. */
function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {string} name */
function set(name) {
  document.documentElement.dataset.theme = name;
  theme.value = name;
}

export function toggleTheme() {
  const name = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, name);
  set(name);
}

/** Colours that were asked for, by theme and name: to ask the page may have it styled anew. @type {Map<string, string>} */
const read = new Map();

/** The value of a colour of style.css. @param {string} name without the dashes @returns {string} */
export function colour(name) {
  const key = `${document.documentElement.dataset.theme} ${name}`;
  let value = read.get(key);
  if (!value) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    read.set(key, value);
  }
  return value;
}

/** The colours of a scale from worst (0) to best (1). @returns {(t: number) => [number, number, number]} */
export function ramp() {
  const stops = ["ramp-0", "ramp-1", "ramp-2"].map((name) => rgb(colour(name)));
  return (t) => {
    const at = Math.min(Math.max(t, 0), 1) * 2;
    const i = Math.min(Math.floor(at), 1);
    const [a, b] = [stops[i], stops[i + 1]];
    const f = at - i;
    return [a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f, a[2] + (b[2] - a[2]) * f];
  };
}

/** @param {string} hex `#rrggbb` @returns {[number, number, number]} */
export const rgb = (hex) => [
  Number.parseInt(hex.slice(1, 3), 16),
  Number.parseInt(hex.slice(3, 5), 16),
  Number.parseInt(hex.slice(5, 7), 16),
];
