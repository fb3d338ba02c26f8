import type { TableDefinition } from '../database/definition.js';
import type { Tuple } from '../database/rows.js';
import { UnknownSqlError } from '../simulation.errors.js';
import type { Column, CompiledQuery, Frame } from './compiled.js';
import type { Body, Query } from './syntax.js';
import { typeNamed, type SqlType } from './values.js';

/** Hidden in every table: where the version of a row is. */
const PLACE = 'ctid';

/** A table, a common table expression or a subquery, as a query names it. */
export interface Source {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Of a table, whose rows have places and locks. */
  readonly table?: string | undefined;
}

/** Where a column is found. */
export interface Found {
  /** How many queries further out. */
  readonly depth: number;
  readonly source: number;
  /** -1: its place. */
  readonly column: number;
  readonly type: SqlType;
}

/** A common table expression, as those behind it see it. */
export interface CommonTableSource {
  readonly slot: number;
  readonly columns: readonly Column[];
}

/** Where a query stands: what is around it. */
export interface Surroundings {
  readonly statement: StatementContext;
  readonly outer: Scope | undefined;
  /** Those before it, and those of the queries around it, by name. */
  readonly commonTables: ReadonlyMap<string, CommonTableSource>;
}

/** Compiles what stands inside of an expression, or of a write. */
export interface QueryCompiler {
  compileQuery(query: Query, surroundings: Surroundings): CompiledQuery;
  compileBody(body: Body, surroundings: Surroundings): CompiledQuery;
}

/** What one statement is compiled with. */
export class StatementContext {
  private slots = 0;
  private readonly parameterTypes = new Map<number, SqlType>();

  constructor(
    readonly tables: ReadonlyMap<string, TableDefinition>,
    readonly queries: QueryCompiler,
    private readonly text: string,
  ) {
    for (const [, number, name = '', array = ''] of text.matchAll(/\$(\d+)::([a-z0-9]+)(\[\])?/g)) {
      const type = typeNamed(name);
      if (type) this.parameterTypes.set(Number(number), `${type}${array as '' | '[]'}`);
    }
  }

  /** Where the rows of another common table expression are kept. */
  newSlot(): number {
    return this.slots++;
  }

  /** A cast anywhere gives a parameter its type everywhere. */
  typeOfParameter(number: number): SqlType {
    return this.parameterTypes.get(number) ?? 'unknown';
  }

  table(name: string): TableDefinition {
    return this.tables.get(name) ?? this.fail(`no table ${name}`);
  }

  fail(reason: string): never {
    throw new UnknownSqlError(reason, this.text);
  }
}

/** What names mean in a query: its sources, and behind them those of the queries around it. */
export class Scope {
  readonly sources: Source[] = [];
  /** Columns that a join has merged into one. */
  readonly merged = new Map<string, Found>();
  /** Whether anything in it looks at a query around it. */
  looksOut = false;

  constructor(readonly surroundings: Surroundings) {}

  get statement(): StatementContext {
    return this.surroundings.statement;
  }

  /** @throws UnknownSqlError for a name that is not there, or stands for two columns */
  find(name: string, sourceName?: string): Found {
    const found = this.look(name, sourceName);
    return (
      found ?? this.statement.fail(`no column ${sourceName === undefined ? '' : `${sourceName}.`}${name}`)
    );
  }

  private look(name: string, sourceName?: string): Found | undefined {
    const here = this.here(name, sourceName);
    if (here) return here;
    const outside = this.surroundings.outer?.look(name, sourceName);
    if (!outside) return undefined;
    this.looksOut = true;
    return { ...outside, depth: outside.depth + 1 };
  }

  private here(name: string, sourceName?: string): Found | undefined {
    const merged = sourceName === undefined ? this.merged.get(name) : undefined;
    if (merged) return merged;
    const found = this.sources.flatMap((source, index): Found[] => {
      if (sourceName !== undefined && source.name !== sourceName) return [];
      if (name === PLACE && source.table !== undefined) {
        return [{ depth: 0, source: index, column: -1, type: 'tid' }];
      }
      const column = source.columns.findIndex((candidate) => candidate.name === name);
      const type = source.columns[column]?.type;
      return type === undefined ? [] : [{ depth: 0, source: index, column, type }];
    });
    if (found.length > 1) this.statement.fail(`${name} may be one of two columns`);
    return found[0];
  }
}

/** How a found column is read from a frame. */
export function readerOf({ depth, source, column }: Found) {
  const read = (tuple: Tuple | undefined) =>
    (column === -1 ? tuple?.version?.place : tuple?.values[column]) ?? null;
  if (depth === 0) return (frame: Frame) => read(frame.tuples[source]);
  return (frame: Frame) => {
    let at: Frame | undefined = frame;
    for (let up = 0; up < depth; up++) at = at?.outer;
    return read(at?.tuples[source]);
  };
}
