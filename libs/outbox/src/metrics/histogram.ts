/** What a {@link Histogram} has counted. */
export interface HistogramCounts {
  /** How many values were no greater than each bound; the last bound is infinite. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
  readonly sum: number;
  readonly count: number;
}

/** Counts values by size. */
export class Histogram {
  private readonly counts: number[];
  private sum = 0;

  /** @param bounds ascending */
  constructor(private readonly bounds: readonly number[]) {
    this.counts = [...bounds, Infinity].map(() => 0);
  }

  observe(value: number): void {
    const bucket = this.bounds.findIndex((bound) => value <= bound);
    const index = bucket === -1 ? this.bounds.length : bucket;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }

  read(): HistogramCounts {
    let count = 0;
    const buckets = [...this.bounds, Infinity].map((upTo, index) => {
      count += this.counts[index] ?? 0;
      return { upTo, count };
    });
    return { buckets, sum: this.sum, count };
  }
}
