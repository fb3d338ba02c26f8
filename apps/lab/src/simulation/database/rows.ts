import type { Value } from '../sql/values.js';
import type { Transaction } from './transaction.js';

/** One state of a row. */
export interface Version {
  /** `ctid`: no two versions of a database have the same. */
  readonly place: number;
  readonly values: readonly Value[];
  readonly by: Transaction;
  readonly command: number;
  /** Who has replaced or deleted it, and with which statement. */
  ended: { readonly by: Transaction; readonly command: number } | undefined;
}

/** A row through all its versions, the newest last. */
export class Row {
  readonly versions: Version[] = [];
  /** Holds while that transaction is open. */
  lockedBy: Transaction | undefined;

  get newest(): Version | undefined {
    return this.versions.at(-1);
  }

  /** The version that a transaction sees when so much is committed. */
  seenBy(transaction: Transaction, commits: number): Version | undefined {
    for (let index = this.versions.length - 1; index >= 0; index--) {
      const version = this.versions[index] as Version;
      if (!happened(version, transaction, commits)) continue;
      return version.ended && happened(version.ended, transaction, commits) ? undefined : version;
    }
    return undefined;
  }
}

function happened(
  { by, command }: { readonly by: Transaction; readonly command: number },
  transaction: Transaction,
  commits: number,
): boolean {
  return by === transaction ? command < transaction.command : by.committedAt <= commits;
}

/** The rows of a table in one database. */
export class Rows {
  readonly all: Row[] = [];
  /** Keys that an open transaction has inserted in a statement that waits now. */
  readonly reserved = new Map<string, Transaction>();
  private lastIdentity: bigint;

  /** @param loaded how many numbers were drawn before */
  constructor(loaded = 0) {
    this.lastIdentity = BigInt(loaded);
  }

  /** No rollback takes it back. */
  nextIdentity(): bigint {
    return ++this.lastIdentity;
  }
}

/** One row of a source; of a table's, the row and the version that it is. */
export interface Tuple {
  readonly values: readonly Value[];
  readonly row?: Row;
  readonly version?: Version;
}
