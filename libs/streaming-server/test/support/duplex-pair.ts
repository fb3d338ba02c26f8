import { Duplex } from 'node:stream';

/** One end of a connection in memory. What is written to one end is read from the other. */
class PairEnd extends Duplex {
  other: PairEnd | undefined;
  private waiting: (() => void) | undefined;

  override _read(): void {
    const written = this.waiting;
    this.waiting = undefined;
    written?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const other = this.other as PairEnd;
    if (other.destroyed) return callback();
    // As with a socket, a write is over when the other side has room again.
    if (other.push(chunk)) callback();
    else other.waiting = callback;
  }

  override _final(callback: () => void): void {
    if (this.other?.destroyed === false) this.other.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const { other } = this;
    if (other !== undefined && !other.destroyed) setImmediate(() => other.destroy());
    callback(error);
  }
}

/** Two connected streams. */
export function duplexPair(): [Duplex, Duplex] {
  const [one, two] = [new PairEnd(), new PairEnd()];
  one.other = two;
  two.other = one;
  return [one, two];
}
