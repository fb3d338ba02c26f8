const BAR_WIDTH = 30;
const MINUTE_MS = 60_000;

/** A bar on a terminal; elsewhere a line for everything that is done, or for every so many, since nobody watches. */
export class Progress {
  private readonly startedAt = performance.now();
  private done = 0;

  constructor(
    private readonly total: number,
    private readonly output: NodeJS.WriteStream,
    private readonly linesEvery = 1,
  ) {}

  /** Says that one more is done. */
  tell(name: string, sign: string): void {
    this.done += 1;
    const left = `${this.done}/${this.total}, ${this.estimate()} left`;
    if (!this.output.isTTY) {
      if (this.done % this.linesEvery === 0) this.output.write(`${sign} ${name} (${left})\n`);
      return;
    }
    const filled = Math.round((this.done / this.total) * BAR_WIDTH);
    const bar = '█'.repeat(filled).padEnd(BAR_WIDTH, '░');
    this.output.write(`\r${bar} ${left}  ${name}`.slice(0, this.output.columns - 1) + '\x1b[K');
    if (this.done === this.total) this.output.write('\n');
  }

  /** As long for each that is left as it was for each so far. */
  private estimate(): string {
    const leftMs = ((performance.now() - this.startedAt) / this.done) * (this.total - this.done);
    return leftMs >= MINUTE_MS ? `${Math.round(leftMs / MINUTE_MS)} min` : `${Math.round(leftMs / 1_000)} s`;
  }
}
