import { Cursor } from './cursor.js';
import { ExpressionParser } from './parse-expression.js';
import type {
  Assignment,
  Body,
  CommonTable,
  Conflict,
  Delete,
  FromItem,
  Insert,
  Locking,
  Output,
  Query,
  Relation,
  Select,
  Update,
} from './syntax.js';

/** What ends an alias that was left out. */
const NO_ALIAS = new Set(
  (
    'as cross conflict do first for from full group having inner join left limit lateral on order returning right ' +
    'select set union using values where with'
  ).split(' '),
);

/**
 * Reads one statement: a query, or a write.
 *
 * @throws UnknownSqlError for anything else
 */
export function parseStatement(text: string): Query {
  const cursor = new Cursor(text);
  const query = new QueryParser(cursor).query();
  if (!cursor.ended) cursor.fail('the end');
  return query;
}

/** Reads queries and writes. */
export class QueryParser {
  readonly expressions: ExpressionParser;

  constructor(private readonly cursor: Cursor) {
    this.expressions = new ExpressionParser(cursor, () => this.query());
  }

  query(): Query {
    const commonTables = this.cursor.takes('with') ? this.cursor.list(() => this.commonTable()) : [];
    return { with: commonTables, body: this.body() };
  }

  private commonTable(): CommonTable {
    const name = this.cursor.name();
    const columns = this.columnsIfAny();
    this.cursor.expect('as');
    // Every one is materialized here; that it says so changes nothing.
    this.cursor.takes('materialized');
    return { name, columns, query: this.cursor.inParentheses(() => this.query()) };
  }

  private body(): Body {
    const first = this.simpleBody();
    if (!this.cursor.sees('union')) return first;
    const parts = [first];
    while (this.cursor.takes('union', 'all')) parts.push(this.simpleBody());
    return { kind: 'union', parts };
  }

  private simpleBody(): Body {
    if (this.cursor.takes('select')) return this.select();
    if (this.cursor.takes('values')) {
      const row = () =>
        this.cursor.inParentheses(() => this.cursor.list(() => this.expressions.expression()));
      return { kind: 'values', rows: this.cursor.list(row) };
    }
    if (this.cursor.takes('insert', 'into')) return this.insert();
    if (this.cursor.takes('update')) return this.update();
    if (this.cursor.takes('delete', 'from')) return this.delete();
    return this.cursor.fail('select, values, insert, update or delete');
  }

  private select(): Select {
    const { cursor } = this;
    const bare = cursor.sees('from') || cursor.sees('where') || cursor.sees(')');
    const outputs = bare ? [] : this.outputs();
    const from = cursor.takes('from') ? this.fromItems() : [];
    const where = this.whereIfAny();
    const groupBy = cursor.takes('group', 'by') ? cursor.list(() => this.expressions.expression()) : [];
    const orderBy = cursor.takes('order', 'by') ? this.expressions.orderings() : [];
    const limit = cursor.takes('limit') ? this.expressions.expression() : undefined;
    return { kind: 'select', outputs, from, where, groupBy, orderBy, limit, locking: this.locking() };
  }

  private locking(): Locking | undefined {
    const { cursor } = this;
    if (!cursor.takes('for', 'update') && !cursor.takes('for', 'no', 'key', 'update')) return undefined;
    const of = cursor.takes('of') ? cursor.name() : undefined;
    return { of, skipLocked: cursor.takes('skip', 'locked') };
  }

  private outputs(): Output[] {
    return this.cursor.list(() => this.output());
  }

  private output(): Output {
    const { cursor } = this;
    if (cursor.takes('*')) return { star: {} };
    if (cursor.peek(1).text === '.' && cursor.peek(2).text === '*') {
      const source = cursor.name();
      cursor.expect('.', '*');
      return { star: { source } };
    }
    const expression = this.expressions.expression();
    return { expression, name: this.aliasIfAny() };
  }

  private aliasIfAny(): string | undefined {
    if (this.cursor.takes('as')) return this.cursor.name();
    const { kind, text } = this.cursor.peek();
    const isAlias = kind === 'quoted' || (kind === 'word' && !NO_ALIAS.has(text));
    return isAlias ? this.cursor.name() : undefined;
  }

  private fromItems(): FromItem[] {
    const items = [this.fromItem('cross')];
    for (;;) {
      if (this.cursor.takes(',') || this.cursor.takes('cross', 'join')) items.push(this.fromItem('cross'));
      else if (this.cursor.takes('left', 'join')) items.push(this.joined('left'));
      else if (this.cursor.takes('join')) items.push(this.joined('inner'));
      else return items;
    }
  }

  private joined(join: 'left' | 'inner'): FromItem {
    const item = this.fromItem(join);
    if (this.cursor.takes('using')) return { ...item, using: this.names() };
    this.cursor.expect('on');
    return { ...item, on: this.expressions.expression() };
  }

  private fromItem(join: FromItem['join']): FromItem {
    // A subquery here may always look at what stands before it: PostgreSQL refuses the ones that say not so.
    this.cursor.takes('lateral');
    const relation = this.relation();
    const alias = this.aliasIfAny();
    return { relation, alias, columns: this.columnsIfAny(), join };
  }

  private relation(): Relation {
    const { cursor } = this;
    if (cursor.sees('(')) return { kind: 'subquery', query: cursor.inParentheses(() => this.query()) };
    const name = cursor.name();
    if (name !== 'unnest' || !cursor.sees('(')) return { kind: 'table', name };
    const arrays = cursor.inParentheses(() => cursor.list(() => this.expressions.expression()));
    return { kind: 'unnest', arrays, ordinality: cursor.takes('with', 'ordinality') };
  }

  private insert(): Insert {
    const { cursor } = this;
    const table = cursor.name();
    const alias = cursor.takes('as') ? cursor.name() : undefined;
    const columns = this.columnsIfAny();
    const source = this.body();
    const conflict = cursor.takes('on', 'conflict') ? this.conflict() : undefined;
    return { kind: 'insert', table, alias, columns, source, conflict, returning: this.returningIfAny() };
  }

  private conflict(): Conflict {
    const { cursor } = this;
    const columns = this.columnsIfAny();
    cursor.expect('do');
    if (cursor.takes('nothing')) return { columns };
    cursor.expect('update', 'set');
    return { columns, set: this.assignments(), where: this.whereIfAny() };
  }

  private update(): Update {
    const { cursor } = this;
    const table = cursor.name();
    const alias = this.aliasIfAny();
    cursor.expect('set');
    const set = this.assignments();
    const from = cursor.takes('from') ? this.fromItems() : [];
    return {
      kind: 'update',
      table,
      alias,
      set,
      from,
      where: this.whereIfAny(),
      returning: this.returningIfAny(),
    };
  }

  private delete(): Delete {
    const table = this.cursor.name();
    const alias = this.aliasIfAny();
    const from = this.cursor.takes('using') ? this.fromItems() : [];
    return {
      kind: 'delete',
      table,
      alias,
      from,
      where: this.whereIfAny(),
      returning: this.returningIfAny(),
    };
  }

  private assignments(): Assignment[] {
    return this.cursor.list(() => {
      const column = this.cursor.name();
      this.cursor.expect('=');
      return { column, value: this.expressions.expression() };
    });
  }

  private whereIfAny() {
    return this.cursor.takes('where') ? this.expressions.expression() : undefined;
  }

  private returningIfAny(): Output[] {
    return this.cursor.takes('returning') ? this.outputs() : [];
  }

  private columnsIfAny(): string[] | undefined {
    return this.cursor.sees('(') ? this.names() : undefined;
  }

  private names(): string[] {
    return this.cursor.inParentheses(() => this.cursor.list(() => this.cursor.name()));
  }
}
