import type { Compiled } from '../sql/compiled.js';
import type { SqlType } from '../sql/values.js';

/** A column as the migrations have made it. */
export interface ColumnDefinition {
  readonly name: string;
  type: SqlType;
  notNull: boolean;
  default: Compiled | undefined;
  /** Its values are drawn from a counter. */
  readonly identity: boolean;
}

/** A primary key, a unique constraint or a unique index. */
export interface UniqueKey {
  readonly name: string;
  readonly columns: readonly number[];
  /** Of a partial index. */
  readonly where?: Compiled | undefined;
}

export interface Check {
  readonly name: string;
  readonly holds: Compiled;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly number[];
  readonly table: string;
  readonly referenced: readonly number[];
}

/** What a table is, for every database that has it. */
export interface TableDefinition {
  readonly name: string;
  readonly columns: ColumnDefinition[];
  uniques: UniqueKey[];
  checks: Check[];
  foreignKeys: ForeignKey[];
}
