/** How long a caller's requests are counted together, in ms. */
const WINDOW_MS = 60_000;

/** How many callers are remembered at most: some 20 MB of them. Beyond it the one seen first is forgotten. */
const CALLERS_MAX = 100_000;

interface Window {
  readonly endsAt: number;
  count: number;
}

/**
 * Counts each caller's requests, minute by minute from the caller's first. One look-up for each request, and no timer:
 * a caller's window ends when the caller comes again, or when the room is needed.
 */
export class RequestCounts {
  private readonly windows = new Map<string, Window>();

  /** @param limit how many are let through in a minute */
  constructor(
    private readonly limit: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Counts one. @returns in how many seconds to come again; undefined if it is let through */
  refuse(caller: string): number | undefined {
    const now = this.now();
    const window = this.windowOf(caller, now);
    window.count += 1;
    return window.count <= this.limit ? undefined : Math.ceil((window.endsAt - now) / 1_000);
  }

  private windowOf(caller: string, now: number): Window {
    const known = this.windows.get(caller);
    if (known && known.endsAt > now) return known;
    // Put last, so that the first of the map is the one that began first.
    this.windows.delete(caller);
    const [first] = this.windows.keys();
    if (this.windows.size >= CALLERS_MAX && first !== undefined) this.windows.delete(first);
    const opened = { endsAt: now + WINDOW_MS, count: 0 };
    this.windows.set(caller, opened);
    return opened;
  }
}
