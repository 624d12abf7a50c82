// @ts-check
/**
 * One sweep's trials, as a page shows them: fetched, kept up to date, narrowed and sorted. What
 * narrows and sorts stands in the URL; every chart and the table show the same rows.
 */
import { adjust, part, place } from "./address.js";
import { getJson } from "./api.js";
import { assignmentsOf, firstsOf, joined, withRepeats } from "./charts/repeats.js";
import { Columns } from "./columns.js";
import { batch, computed, signal } from "./html.js";
import { listen } from "./live.js";
import { best, brushesOf, narrowed, parseFilter, sorted } from "./rows.js";

// Charts of a live sweep: up to so many rows at once with the table, of more the later the more there are.
const FEW = 2000;
const [MS_A_ROW, SLOWEST_MS] = [0.2, 2000];

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
    /** ... and charts are to show it: of many trials that is not as often. */
    this.drawn = signal(0);
    this.end = () => {};
    this.isOver = false;
    this.isFetching = false;
    this.isStale = false;
    /** @type {number | undefined} */
    this.timer = undefined;

    /** @type {any} */
    this.filterText = part("filter");
    this.sortText = part("sort");
    /** @type {any} */
    this.topText = part("top");
    const brushText = computed(() =>
      JSON.stringify(Object.entries(place.value).filter(([key]) => key.startsWith("b."))),
    );
    this.filter = computed(() => parseFilter(this.filterText.value));
    /** Brushes while they are drawn, before they are in the URL. @type {{ value: Map<string, any> | null }} */
    this.draft = signal(null);
    /** @type {any} */
    this.brushes = computed(() => this.draft.value ?? brushesOf(JSON.parse(brushText.value)));
    const filtered = () => {
      if (!this.columns) return new Uint32Array(0);
      const rows = narrowed(this.columns, this.filter.value, new Map());
      const top = Number(this.topText.value);
      return top > 0 && top < 100 ? best(this.columns, rows, top / 100) : rows;
    };
    const chosen = (/** @type {Uint32Array} */ rows) =>
      this.columns && this.brushes.value.size > 0 ? narrowed(this.columns, [], this.brushes.value, rows) : rows;
    /** Rows that the filter lets through, and of these the best so many in a hundred, by number. */
    this.filtered = computed(() => (this.version.value, filtered()));
    /** ... and that the brushes let through. */
    this.chosen = computed(() => chosen(this.filtered.value));
    /** The same for charts. */
    this.drawnFiltered = computed(() => (this.drawn.value, filtered()));
    this.drawnChosen = computed(() =>
      this.drawn.value === this.version.value ? this.chosen.value : chosen(this.drawnFiltered.value),
    );
    this.eachText = part("each");
    const repeats = computed(() => this.detail.value?.repeats ?? 1);
    /** Whether figures show assignments, with the means of their repeats, and not trials. */
    this.isJoined = computed(() => repeats.value > 1 && this.eachText.value !== "trial");
    const firsts = computed(() => (this.drawn.value, this.columns ? firstsOf(this.columns) : new Uint32Array(0)));
    const whole = computed(() => this.columns && joined(this.columns, firsts.value, repeats.value));
    /**
     * What figures are drawn of: trials, or assignments of which some trial is shown, each by the row of its first.
     * @type {{ value: { columns: Columns, rows: Uint32Array, all: Uint32Array, one: string } }}
     */
    this.pictured = computed(() => {
      const columns = /** @type {Columns} */ (this.columns);
      const rows = this.drawnChosen.value;
      if (!this.isJoined.value) return { columns, rows, all: everyRow(this.drawn.value && columns.count), one: "trial" };
      return { columns: /** @type {Columns} */ (whole.value), rows: assignmentsOf(firsts.value, rows), all: assignmentsOf(firsts.value, firsts.value), one: "assignment" };
    });
    /** For the history, which tells how sure a mean is: where each row's assignment begins, and all rows of those shown. @type {any} */
    this.repeated = computed(() => ({ firsts: firsts.value, rows: withRepeats(firsts.value, this.drawnFiltered.value) }));
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
    /** The key of the column that is sorted by, with `-` before it for descending. @type {any} */
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
        this.changed();
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

  /** Show what came: in charts of many trials not more often than once in a while. */
  changed() {
    this.version.value++;
    const { count } = /** @type {Columns} */ (this.columns);
    if (count <= FEW || this.drawn.peek() === 0) this.drawn.value = this.version.peek();
    else
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        if (!this.isOver) this.drawn.value = this.version.peek();
      }, Math.min(count * MS_A_ROW, SLOWEST_MS));
  }

  /** Fetch what changed: one request at a time. */
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
        if ((await columns.update()) && !this.isOver) batch(() => this.changed());
      } while (this.isStale && !this.isOver);
    } catch {
      // The banner says that the server is away; the next event fetches again.
    } finally {
      this.isFetching = false;
    }
  }
}

const everyRow = (/** @type {number} */ count) => Uint32Array.from(new Uint8Array(count).keys());

/** Those of `all` that are in `chosen`, in the order of `all`. @param {Uint32Array} all @param {Uint32Array} chosen @param {number} count */
function among(all, chosen, count) {
  const isIn = new Uint8Array(count);
  for (let i = 0; i < chosen.length; i++) isIn[chosen[i]] = 1;
  const kept = new Uint32Array(chosen.length);
  let n = 0;
  for (let i = 0; i < all.length; i++) if (isIn[all[i]]) kept[n++] = all[i];
  return kept;
}
