import type { Execution } from '../database/execution.js';
import type { Tuple } from '../database/rows.js';
import type { SqlType, Value } from './values.js';

export interface Column {
  readonly name: string;
  readonly type: SqlType;
}

/** What an expression is evaluated over: one row of each source, and the aggregates of their group. */
export interface Frame {
  readonly tuples: Tuple[];
  readonly outer: Frame | undefined;
  readonly computed: readonly Value[];
}

/** An expression that is ready to be evaluated. */
export interface Compiled {
  readonly type: SqlType;
  readonly evaluate: (frame: Frame, execution: Execution) => Value;
}

/** Whether something is true of a frame; null is not. */
export type Condition = (frame: Frame, execution: Execution) => boolean;

/** A query that is ready to be run. */
export interface CompiledQuery {
  readonly columns: readonly Column[];
  readonly run: (frame: Frame | undefined, execution: Execution) => readonly Tuple[];
}

/** A statement that any database with its tables can run. */
export interface CompiledStatement {
  /** As the server names it when it is done. */
  readonly command: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  /** What it does, for people: the tables that it writes, or reads. */
  readonly title: string;
  readonly columns: readonly Column[];
  readonly run: (execution: Execution) => readonly Tuple[];
}

/** The frame of one row. */
export function frameOf(values: readonly Value[]): Frame {
  return { tuples: [{ values }], outer: undefined, computed: [] };
}
