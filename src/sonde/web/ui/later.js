// @ts-check
/** Work for a turn of its own, so that a live table is not kept waiting for all charts at once. */
import { useEffect, useState } from "../html.js";

/**
 * What to draw: of new data in a turn of its own, of another choice among the same data at once.
 * @template T @param {number} version of the data @param {T} value
 * @returns {{ version: number, value: T }}
 */
export function useLater(version, value) {
  const [kept, keep] = useState({ version, value });
  const isNew = kept.version !== version;
  useEffect(() => {
    if (!isNew) return undefined;
    const timer = setTimeout(() => keep({ version, value }));
    return () => clearTimeout(timer);
  }, [isNew, version, value]);
  return isNew ? kept : { version, value };
}
