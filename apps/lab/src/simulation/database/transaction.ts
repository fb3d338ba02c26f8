/** One transaction of the seeded database, from its first statement to its end. */
export class Transaction {
  status: 'open' | 'committed' | 'aborted' = 'open';
  /** Its place in the order of commits. */
  committedAt = Infinity;
  /** Drawn at its first write or row lock, as PostgreSQL does. */
  xid: bigint | undefined;
  /** The number of its current statement: a statement does not see what it writes itself. */
  command = 0;
  /** Takes its writes back, the last one first. */
  readonly undo: (() => void)[] = [];
  /** Called when it has ended: who waits for its locks. */
  readonly waiters = new Set<() => void>();
  /** For whom it waits itself. */
  waitsFor: Transaction | undefined;

  /** Takes back what was written since there were so many writes. */
  undoTo(length: number): void {
    while (this.undo.length > length) this.undo.pop()?.();
  }
}

/** What a statement sees: everything that was committed up to here. */
export interface Snapshot {
  readonly commits: number;
  /** The least transaction id that was open, or the next one to be drawn. */
  readonly xmin: bigint;
  /** The next one to be drawn. */
  readonly xmax: bigint;
}

/** A statement has met a lock: it is taken back and run again when the holder has ended. */
export class LockWait extends Error {
  constructor(readonly holder: Transaction) {
    super('waits for a lock');
    this.name = 'LockWait';
  }
}
