// @ts-check
/** What the server computes for a figure (docs/figures.md), for the trials that the page shows. */
import { getFigure } from "../api.js";
import { useEffect, useState } from "../html.js";

const LATER_MS = 3000; // after a change of a live sweep
const SOON_MS = 300; // after a change of the filter

/**
 * @param {import("../board.js").Board} board @param {string} kind @param {Record<string, string | string[]>} [query]
 * @returns {{ figure: any, error: string, isOld: boolean }} the last one that there was
 */
export function useFigure(board, kind, query = {}) {
  const [found, setFound] = useState(/** @type {any} */ ({ figure: null, error: "", key: "" }));
  const brush = [...board.brushes.value].map(([key, { low, high }]) => `${key}:${low}..${high}`);
  const asked = { ...query, filter: board.filterText.value, brush };
  const key = JSON.stringify([kind, asked]);
  const version = board.drawn.value;
  const isDrawn = board.draft.value !== null;
  useEffect(() => {
    if (isDrawn) return undefined;
    let isOver = false;
    /** @type {number | undefined} */
    let timer;
    const look = async () => {
      try {
        const figure = await getFigure(/** @type {any} */ (board.columns).sweep, kind, asked);
        if (isOver) return;
        if (figure) setFound({ figure, error: "", key });
        else timer = setTimeout(look, 1000); // it is still being made
      } catch (error) {
        if (!isOver) setFound({ figure: null, error: /** @type {Error} */ (error).message, key });
      }
    };
    timer = setTimeout(look, !found.figure ? 0 : key === found.key ? LATER_MS : SOON_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key, version, isDrawn]);
  return { figure: found.figure, error: found.error, isOld: found.key !== key };
}
