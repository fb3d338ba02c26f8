/** What was opened, closed in the reverse order. A close that fails does not keep the others from being closed. */
export class Closers {
  private readonly closers: (() => Promise<unknown>)[] = [];
  private closing: Promise<void> = Promise.resolve();

  add(close: () => Promise<unknown>): void {
    this.closers.push(close);
  }

  /**
   * Closes everything added so far. Safe to call twice, also at once: both wait for the end.
   * @throws AggregateError with all failures, after the last close
   */
  close(): Promise<void> {
    this.closing = this.closing.then(() => this.closeAll());
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.closers.pop(); close !== undefined; close = this.closers.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be closed');
  }
}
