/** Waiting tasks keep their payloads in memory: 65,536 of 1 KiB are 64 MiB, and some minutes of a broker's work. */
const WAITING_MAX = 65_536;

/** Lets a bounded number of tasks run at once; further ones wait, up to a bound, in the order in which they came. */
export class Limiter {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** How many of `waiting` have gone. To `shift` a long array moves all that is left of it. */
  private gone = 0;

  constructor(
    private readonly runningMax: number,
    private readonly waitingMax = WAITING_MAX,
  ) {}

  /** Whether not even a place to wait is free. */
  get full(): boolean {
    return this.running >= this.runningMax && this.waiting.length - this.gone >= this.waitingMax;
  }

  /** @throws RangeError when it is {@link full}; ask first where that can be */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.full) throw new RangeError(`${this.waitingMax} tasks are waiting already`);
    if (this.running < this.runningMax) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await task();
    } finally {
      // A waiting task takes over this one's place, so the count stays as it is.
      const next = this.takeWaiting();
      if (next) next();
      else this.running--;
    }
  }

  /** All together they cost what as many pushes do. */
  private takeWaiting(): (() => void) | undefined {
    const next = this.waiting[this.gone];
    if (next && ++this.gone * 2 >= this.waiting.length) {
      this.waiting.splice(0, this.gone);
      this.gone = 0;
    }
    return next;
  }
}
