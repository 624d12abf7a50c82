// @ts-check
/** The width that an element has, as it changes. */
import { useLayoutEffect, useRef, useState } from "../html.js";

/** @returns {[{ current: any }, number]} a ref to put on the element, and its width in pixels */
export function useWidth() {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = /** @type {HTMLElement} */ (ref.current);
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
