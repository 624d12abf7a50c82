// @ts-check
/**
 * One sweep's trials, as a page shows them: fetched, kept up to date, narrowed and sorted. What
 * narrows and sorts stands in the URL; every chart and the table show the same rows.
 */
import { adjust, part, place } from "./address.js";
import { getJson } from "./api.js";
import { Columns } from "./columns.js";
import { batch, computed, signal } from "./html.js";
import { listen } from "./live.js";
import { best, brushesOf, narrowed, parseFilter, sorted } from "./rows.js";

const SLOW_MS = 1000; // between two sorts of many rows
const MANY = 20_000;

export class Board {
  /** @param {string} sweep a name, an id, or a unique beginning of one */
  constructor(sweep) {
    this.sweep = sweep;
    /** What the page shows beside trials. @type {{ value: any, peek: () => any }} */
    this.detail = signal(null);
    /** @type {{ value: Error | null }} */
    this.error = signal(null);
    /** @type {Columns | null} */
    this.columns = null;
    /** Raised when the columns changed. */
    this.version = signal(0);
    this.end = () => {};
    this.isOver = false;
    this.isFetching = false;
    this.isStale = false;

    this.filterText = part("filter");
    this.sortText = part("sort");
    this.topText = part("top");
    const brushText = computed(() =>
      JSON.stringify(Object.entries(place.value).filter(([key]) => key.startsWith("b."))),
    );
    this.filter = computed(() => parseFilter(this.filterText.value));
    /** Brushes while they are drawn, before they are in the URL. @type {{ value: Map<string, any> | null }} */
    this.draft = signal(null);
    this.brushes = computed(() => this.draft.value ?? brushesOf(JSON.parse(brushText.value)));
    /** Rows that the filter lets through, and of these the best so many in a hundred, by number. */
    this.filtered = computed(() => {
      this.version.value;
      if (!this.columns) return new Uint32Array(0);
      const rows = narrowed(this.columns, this.filter.value, new Map());
      const top = Number(this.topText.value);
      return top > 0 && top < 100 ? best(this.columns, rows, top / 100) : rows;
    });
    /** ... and that the brushes let through. */
    this.chosen = computed(() => {
      const rows = this.filtered.value;
      if (!this.columns || this.brushes.value.size === 0) return rows;
      return narrowed(this.columns, [], this.brushes.value, rows);
    });
    // Sorted before they are brushed: to brush is then no further sorting.
    const sortedAll = computed(() =>
      this.columns ? sorted(this.columns, this.filtered.value, this.sort.value) : new Uint32Array(0),
    );
    /** ... sorted, as the table shows them. @type {any} */
    this.ordered = computed(() => {
      const chosen = this.chosen.value;
      const all = sortedAll.value;
      return chosen.length === all.length ? all : among(all, chosen, this.columns?.count ?? 0);
    });
    /** The key of the column that is sorted by, with `-` before it for descending. */
    this.sort = computed(() => {
      this.version.value;
      const goal = this.columns?.goals[0];
      if (this.sortText.value || !goal) return this.sortText.value || "number";
      return `${goal.about.direction === "maximize" ? "-" : ""}${goal.key}`;
    });
  }

  /** Whether anything but all trials is shown. */
  get isNarrowed() {
    return this.chosen.value.length < (this.columns?.count ?? 0);
  }

  /** Show all trials again. */
  clear() {
    /** @type {Record<string, null>} */
    const changes = { filter: null, top: null };
    for (const key of Object.keys(place.peek())) if (key.startsWith("b.")) changes[key] = null;
    adjust(changes);
    this.draft.value = null;
  }

  /** Begin to follow the sweep. */
  async open() {
    this.error.value = null;
    try {
      const detail = await getJson("sweep", { sweep: this.sweep });
      if (this.isOver) return;
      this.columns = new Columns(detail.id);
      await this.columns.update();
      if (this.isOver) return;
      batch(() => {
        this.detail.value = detail;
        this.version.value++;
      });
      this.end = listen(detail.id, (view) => this.told(view));
    } catch (error) {
      this.error.value = /** @type {Error} */ (error);
    }
  }

  /** Read again what stands beside the trials: somebody changed it. */
  async reload() {
    try {
      const detail = await getJson("sweep", { sweep: /** @type {Columns} */ (this.columns).sweep });
      if (!this.isOver) this.detail.value = detail;
    } catch {
      // The banner says that the server is away; the next event tells of it again.
    }
  }

  close() {
    this.isOver = true;
    this.end();
  }

  /** @param {any} view how the sweep stands now */
  told(view) {
    const isEdited = view.definition !== this.detail.peek().definition;
    this.detail.value = { ...this.detail.peek(), ...view };
    if (isEdited) this.reload();
    if (view.version !== this.columns?.version) this.fetch();
  }

  /** Fetch what changed: one request at a time, and of many rows not too often. */
  async fetch() {
    if (this.isFetching) {
      this.isStale = true;
      return;
    }
    this.isFetching = true;
    try {
      do {
        this.isStale = false;
        const columns = /** @type {Columns} */ (this.columns);
        if ((await columns.update()) && !this.isOver) this.version.value++;
        if (columns.count > MANY) await new Promise((done) => setTimeout(done, SLOW_MS));
      } while (this.isStale && !this.isOver);
    } catch {
      // The banner says that the server is away; the next event fetches again.
    } finally {
      this.isFetching = false;
    }
  }
}

/** Those of `all` that are in `chosen`, in the order of `all`. @param {Uint32Array} all @param {Uint32Array} chosen @param {number} count */
function among(all, chosen, count) {
  const isIn = new Uint8Array(count);
  for (let i = 0; i < chosen.length; i++) isIn[chosen[i]] = 1;
  const kept = new Uint32Array(chosen.length);
  let n = 0;
  for (let i = 0; i < all.length; i++) if (isIn[all[i]]) kept[n++] = all[i];
  return kept;
}
