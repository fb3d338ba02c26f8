import { Cursor } from './cursor.js';
import { QueryParser } from './parse-query.js';
import type { Expression } from './syntax.js';
import type { SqlType } from './values.js';

/** A statement of a migration, as far as it changes what a table is. */
export type Definition =
  | { readonly kind: 'create table'; readonly table: string; readonly parts: readonly TablePart[] }
  | { readonly kind: 'alter table'; readonly table: string; readonly changes: readonly TableChange[] }
  | NewIndex
  /** Of no meaning here: see {@link parseDefinition}. */
  | { readonly kind: 'ignored' };

export interface NewIndex {
  readonly kind: 'create index';
  readonly table: string;
  readonly unique: boolean;
  readonly name: string;
  readonly columns: readonly string[];
  readonly where?: Expression | undefined;
}

export type TablePart = NewColumn | NewConstraint;

export interface NewColumn {
  readonly kind: 'column';
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
  readonly identity: boolean;
  readonly default?: Expression | undefined;
  readonly constraints: readonly NewConstraint[];
}

export interface NewConstraint {
  readonly kind: 'constraint';
  readonly name?: string | undefined;
  readonly rule:
    | { readonly kind: 'unique' | 'primary key'; readonly columns: readonly string[] }
    | { readonly kind: 'check'; readonly holds: Expression }
    | {
        readonly kind: 'references';
        readonly columns: readonly string[];
        readonly table: string;
        readonly referenced: readonly string[];
      };
}

export type TableChange =
  | TablePart
  | { readonly kind: 'drop constraint' | 'drop column'; readonly name: string }
  | {
      readonly kind: 'alter column';
      readonly name: string;
      readonly notNull?: boolean;
      readonly type?: SqlType;
      readonly default?: Expression;
    };

/** Guards in PL/pgSQL, and changes of rows: the tables of a migration are empty here. */
const IGNORED =
  /^\s*(create\s+(function|(constraint\s+)?trigger)|insert|update|delete|select|with|set\s+constraints)\b/i;

/**
 * Reads one statement of a migration.
 *
 * @throws UnknownSqlError
 */
export function parseDefinition(text: string): Definition {
  if (IGNORED.test(text)) return { kind: 'ignored' };
  const parser = new DefinitionParser(new Cursor(text));
  return parser.definition();
}

class DefinitionParser {
  private readonly queries: QueryParser;

  constructor(private readonly cursor: Cursor) {
    this.queries = new QueryParser(cursor);
  }

  definition(): Definition {
    const { cursor } = this;
    if (cursor.takes('alter', 'table')) {
      return { kind: 'alter table', table: cursor.name(), changes: cursor.list(() => this.change()) };
    }
    cursor.expect('create');
    if (cursor.takes('table')) {
      const table = cursor.name();
      return {
        kind: 'create table',
        table,
        parts: cursor.inParentheses(() => cursor.list(() => this.part())),
      };
    }
    const unique = cursor.takes('unique');
    cursor.expect('index');
    return { ...this.index(), unique };
  }

  private index() {
    const { cursor } = this;
    const name = cursor.name();
    cursor.expect('on');
    const table = cursor.name();
    const columns = this.names();
    const where = cursor.takes('where') ? this.expression() : undefined;
    return { kind: 'create index' as const, table, name, columns, where };
  }

  private part(): TablePart {
    return this.constraintIfAny() ?? this.column();
  }

  private constraintIfAny(): NewConstraint | undefined {
    const { cursor } = this;
    const name = cursor.takes('constraint') ? cursor.name() : undefined;
    if (cursor.takes('primary', 'key'))
      return constraint(name, { kind: 'primary key', columns: this.names() });
    if (cursor.takes('unique')) return constraint(name, { kind: 'unique', columns: this.names() });
    if (cursor.sees('check')) return constraint(name, this.check());
    if (cursor.takes('foreign', 'key')) return constraint(name, this.references(this.names()));
    return undefined;
  }

  private column(): NewColumn {
    const { cursor } = this;
    const name = cursor.name();
    const type = this.queries.expressions.type();
    const constraints: NewConstraint[] = [];
    let [notNull, identity] = [false, false];
    let standard: Expression | undefined;
    for (;;) {
      if (cursor.takes('not', 'null')) notNull = true;
      else if (cursor.takes('default')) standard = this.expression();
      else if (cursor.takes('generated', 'always', 'as', 'identity')) identity = true;
      else if (cursor.takes('primary', 'key')) {
        constraints.push(constraint(undefined, { kind: 'primary key', columns: [name] }));
      } else if (cursor.takes('unique'))
        constraints.push(constraint(undefined, { kind: 'unique', columns: [name] }));
      else if (cursor.sees('check')) constraints.push(constraint(undefined, this.check()));
      else if (cursor.sees('references')) constraints.push(constraint(undefined, this.references([name])));
      else return { kind: 'column', name, type, notNull, identity, default: standard, constraints };
    }
  }

  private check(): NewConstraint['rule'] {
    this.cursor.expect('check');
    return { kind: 'check', holds: this.cursor.inParentheses(() => this.expression()) };
  }

  private references(columns: readonly string[]): NewConstraint['rule'] {
    const { cursor } = this;
    cursor.expect('references');
    const table = cursor.name();
    const referenced = cursor.sees('(') ? this.names() : [];
    cursor.takes('deferrable', 'initially', 'deferred');
    return { kind: 'references', columns, table, referenced };
  }

  private change(): TableChange {
    const { cursor } = this;
    if (cursor.takes('add', 'column')) return this.column();
    if (cursor.takes('add')) return this.constraintIfAny() ?? cursor.fail('a constraint');
    if (cursor.takes('drop', 'constraint')) return { kind: 'drop constraint', name: cursor.name() };
    if (cursor.takes('drop', 'column')) return { kind: 'drop column', name: cursor.name() };
    cursor.expect('alter', 'column');
    const name = cursor.name();
    if (cursor.takes('set', 'not', 'null')) return { kind: 'alter column', name, notNull: true };
    if (cursor.takes('set', 'default')) return { kind: 'alter column', name, default: this.expression() };
    cursor.expect('type');
    const type = this.queries.expressions.type();
    if (cursor.takes('using')) this.expression();
    return { kind: 'alter column', name, type };
  }

  private names(): string[] {
    const { cursor } = this;
    return cursor.inParentheses(() => cursor.list(() => cursor.name()));
  }

  private expression(): Expression {
    return this.queries.expressions.expression();
  }
}

function constraint(name: string | undefined, rule: NewConstraint['rule']): NewConstraint {
  return { kind: 'constraint', name, rule };
}
