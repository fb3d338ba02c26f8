import type { Column } from '../sql/compiled.js';
import type { Value } from '../sql/values.js';

/** What a statement came to: rows, an error of the server's, or a wait for another transaction's lock. */
export type StatementOutcome =
  | { readonly columns: readonly Column[]; readonly rows: readonly (readonly Value[])[] }
  | { readonly error: string; readonly constraint: string | undefined }
  | 'waits';

/** One thing that a server has done; transactions are numbered from 1, and each is a session of its own. */
export type JournalEntry =
  | {
      readonly kind: 'statement';
      readonly transaction: number;
      readonly text: string;
      readonly parameters: readonly unknown[];
      /** When it arrived, and when it was run, by the server's clock, in microseconds since 1970. */
      readonly arrivedMicros: number;
      readonly atMicros: number;
      /** Whether it is one that has waited. */
      readonly again: boolean;
      readonly outcome: StatementOutcome;
    }
  | {
      readonly kind: 'end';
      readonly transaction: number;
      readonly commits: boolean;
      readonly atMicros: number;
      /** If it has drawn one. */
      readonly xid: bigint | undefined;
    };

/** A table with its rows. */
export interface TableContents {
  readonly name: string;
  readonly columns: readonly (Column & { readonly identity: boolean })[];
  readonly rows: readonly (readonly Value[])[];
}

/** Everything that one server has done, in its order, and what was in its tables before and after. */
export interface Journal {
  /** What it is of, for people. */
  readonly title: string;
  /** The statements of the migrations that have made its tables. */
  readonly migrations: readonly string[];
  readonly before: readonly TableContents[];
  readonly entries: readonly JournalEntry[];
  readonly after: readonly TableContents[];
}
