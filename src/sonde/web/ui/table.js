// @ts-check
/**
 * A table of any number of rows: only those in sight are in the page. Its headers sort; rows
 * are gone through with the arrow keys, and Enter opens one.
 */
import { html, useLayoutEffect, useRef, useState } from "../html.js";

const ROW = 30; // pixels, as in style.css
const SPARE = 8; // rows drawn beyond what is in sight
const DRAG = 6; // pixels from which on a press is a drag
const MOST_PIXELS = 15_000_000; // browsers draw nothing beyond some height

/**
 * @typedef {object} Head
 * @property {string} key
 * @property {string} title
 * @property {string} [hint]
 * @property {number} width in pixels
 * @property {boolean} [isRight] for numbers
 * @property {(row: number) => any} cell
 * @property {(row: number) => string} [full] for hovering
 * @property {any} [head] in place of a title that sorts
 * @property {boolean} [isFixed] it stays where it is
 */

/**
 * @param {object} props
 * @param {string} props.label
 * @param {Head[]} props.heads
 * @param {Uint32Array} props.rows
 * @param {string} props.sort
 * @param {(key: string) => void} props.onSort
 * @param {(row: number) => void} props.onOpen
 * @param {number} [props.pinned] so many columns at the left stay when one scrolls sideways
 * @param {(row: number) => void} [props.onMark] the key `x`
 * @param {boolean} [props.isTall]
 * @param {(key: string, to: string) => void} [props.onMove] a column is to stand where another one stands
 */
export function Table({ label, heads, rows, sort, onSort, onOpen, pinned = 0, onMark, isTall = false, onMove }) {
  const scroller = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [sight, setSight] = useState({ first: 0, height: 480 });
  const [at, setAt] = useState(-1);
  const look = () => {
    const element = scroller.current;
    if (element) setSight({ first: Math.floor(element.scrollTop / ROW), height: element.clientHeight });
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(look);
    observer.observe(/** @type {Element} */ (scroller.current));
    return () => observer.disconnect();
  }, []);
  const most = Math.floor(MOST_PIXELS / ROW);
  const total = Math.min(rows.length, most);
  const first = Math.max(0, Math.min(sight.first, total) - SPARE);
  const last = Math.min(total, sight.first + Math.ceil(sight.height / ROW) + SPARE);
  const [sortKey, isDown] = sort.startsWith("-") ? [sort.slice(1), true] : [sort, false];
  const move = (/** @type {KeyboardEvent} */ event) => {
    const page = Math.max(1, Math.floor(sight.height / ROW) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, j: 1, k: -1, Home: -total, End: total };
    if (/** @type {Element} */ (event.target).closest("button, a, input")) return;
    if (event.key === "x" && at >= 0 && at < total) onMark?.(rows[at]);
    if (event.key === "Enter" && at >= 0 && at < total) onOpen(rows[at]);
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step === undefined || !total || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = Math.min(Math.max(at + step, 0), total - 1);
    setAt(next);
    const element = /** @type {HTMLDivElement} */ (scroller.current);
    const top = next * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + 2 * ROW > element.scrollTop + element.clientHeight)
      element.scrollTop = top + 2 * ROW - element.clientHeight;
  };
  const drag = useRef(/** @type {{ from: number, x: number, to: number } | null} */ (null));
  const [drop, setDrop] = useState(-1); // where the column that is dragged would stand
  const grab = (/** @type {PointerEvent} */ event, /** @type {number} */ from) => {
    if (!onMove || event.button || event.pointerType !== "mouse" || heads[from].isFixed) return;
    drag.current = { from, x: event.clientX, to: -1 };
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
  };
  const pull = (/** @type {PointerEvent} */ event) => {
    const now = drag.current;
    if (!now || (now.to < 0 && Math.abs(event.clientX - now.x) < DRAG)) return;
    const cells = [.../** @type {Element} */ (event.currentTarget).closest("tr")?.children ?? []];
    const under = cells.findLastIndex((cell) => cell.getBoundingClientRect().left <= event.clientX);
    now.to = Math.max(under, heads.findIndex((head) => !head.isFixed));
    setDrop(now.to);
  };
  const release = () => {
    const now = drag.current;
    if (now && now.to >= 0 && now.to !== now.from) onMove?.(heads[now.from].key, heads[now.to].key);
    setDrop(-1);
    // The click that follows is part of it, and sorts nothing.
    setTimeout(() => {
      drag.current = null;
    });
  };
  const shift = (/** @type {KeyboardEvent} */ event, /** @type {number} */ from) => {
    const to = from + (event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0);
    if (!onMove || !event.shiftKey || to === from || heads[from].isFixed || !heads[to] || heads[to].isFixed) return;
    event.preventDefault();
    onMove(heads[from].key, heads[to].key);
  };
  const side = (/** @type {number} */ i) => (i !== drop || !drag.current ? "" : i > drag.current.from ? " drop-after" : i < drag.current.from ? " drop-before" : "");
  const width = heads.reduce((sum, head) => sum + head.width, 0);
  /** @type {number[]} */
  const lefts = [];
  heads.slice(0, pinned).reduce((left, head) => {
    lefts.push(left);
    return left + head.width;
  }, 0);
  const pin = (/** @type {number} */ i) => (i < pinned ? { left: `${lefts[i]}px` } : undefined);
  const kind = (/** @type {Head} */ head, /** @type {number} */ i) =>
    `${head.isRight ? "right num" : ""}${i < pinned ? " pinned" : ""}${i === pinned - 1 ? " last-pinned" : ""}`;
  const body = [];
  for (let i = first; i < last; i++) {
    const row = rows[i];
    body.push(html`<tr key=${row} aria-rowindex=${i + 2} class=${i === at ? "is-at" : ""} onClick=${(/** @type {any} */ e) => {
      if (!e.target.closest("a, button, input, label") && !String(getSelection())) onOpen(row);
    }}>
      ${heads.map((head, i) => html`<td key=${head.key} class=${kind(head, i)} style=${pin(i)} title=${head.full?.(row)}>${head.cell(row)}</td>`)}
    </tr>`);
  }
  return html`<div class=${isTall ? "grid-frame is-tall" : "grid-frame"} ref=${scroller} onScroll=${look} onKeyDown=${move} tabindex="0" role="region" aria-label=${label}>
    <table class="grid" aria-label=${label} aria-rowcount=${rows.length + 1} style=${{ width: `${width}px` }}>
      <colgroup>${heads.map((head) => html`<col key=${head.key} style=${{ width: `${head.width}px` }} />`)}</colgroup>
      <thead><tr aria-rowindex="1">
        ${heads.map((head, i) => {
          const isSorted = head.key === sortKey;
          if (head.head) return html`<th key=${head.key} scope="col" class=${kind(head, i)} style=${pin(i)}>${head.head}</th>`;
          return html`<th key=${head.key} scope="col" class=${kind(head, i).replace(" num", "") + side(i)} style=${pin(i)}
            title=${[head.hint, onMove && !head.isFixed && "drag it, or Shift and an arrow, to move it"].filter(Boolean).join("; ") || undefined}
            aria-sort=${isSorted ? (isDown ? "descending" : "ascending") : undefined}>
            <button onPointerDown=${(/** @type {any} */ e) => grab(e, i)} onPointerMove=${pull} onPointerUp=${release} onPointerCancel=${release}
              onKeyDown=${(/** @type {any} */ e) => shift(e, i)} onClick=${() => (drag.current?.to ?? -1) < 0 && onSort(isSorted && !isDown ? `-${head.key}` : head.key)}>${head.title}${
              isSorted ? html`<span aria-hidden="true">${isDown ? " ▾" : " ▴"}</span>` : null
            }</button></th>`;
        })}
      </tr></thead>
      <tbody>
        ${first > 0 && html`<tr aria-hidden="true" class="gap" key="before"><td colspan=${heads.length} style=${{ height: `${first * ROW}px` }}></td></tr>`}
        ${body}
        ${last < total && html`<tr aria-hidden="true" class="gap" key="after"><td colspan=${heads.length} style=${{ height: `${(total - last) * ROW}px` }}></td></tr>`}
      </tbody>
    </table>
  </div>
  ${rows.length > most && html`<p class="muted">The first ${most.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows; narrow them to see others.</p>`}`;
}
