import type { SqlType, Value } from './values.js';

/** What an expression is made of. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: Value; readonly type: SqlType }
  | { readonly kind: 'parameter'; readonly number: number }
  | { readonly kind: 'column'; readonly source?: string | undefined; readonly name: string }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'minus'; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | Call
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: SqlType }
  | {
      readonly kind: 'case';
      readonly whens: readonly { readonly when: Expression; readonly then: Expression }[];
      readonly otherwise?: Expression | undefined;
    }
  | { readonly kind: 'is null'; readonly operand: Expression }
  | { readonly kind: 'is true'; readonly operand: Expression }
  | { readonly kind: 'is distinct'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'exists'; readonly query: Query }
  | { readonly kind: 'scalar'; readonly query: Query }
  | { readonly kind: 'array'; readonly query: Query }
  | { readonly kind: 'in query'; readonly operand: Expression; readonly query: Query }
  | { readonly kind: 'in list'; readonly operand: Expression; readonly items: readonly Expression[] }
  | { readonly kind: 'any'; readonly operand: Expression; readonly array: Expression };

/** A function, an aggregate or a window function. */
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly operands: readonly Expression[];
  readonly star: boolean;
  readonly filter?: Expression | undefined;
  readonly over?:
    { readonly partitionBy: readonly Expression[]; readonly orderBy: readonly Ordering[] } | undefined;
}

export interface Ordering {
  readonly by: Expression;
  readonly descending: boolean;
}

/** A query, or a write that returns rows, behind its common table expressions. */
export interface Query {
  readonly with: readonly CommonTable[];
  readonly body: Body;
}

export type Body = Select | Union | Values | Insert | Update | Delete;

export interface CommonTable {
  readonly name: string;
  readonly columns?: readonly string[] | undefined;
  readonly query: Query;
}

export interface Output {
  /** `*` and `source.*` have no expression. */
  readonly star?: { readonly source?: string | undefined } | undefined;
  readonly expression?: Expression | undefined;
  readonly name?: string | undefined;
}

export interface Select {
  readonly kind: 'select';
  readonly outputs: readonly Output[];
  readonly from: readonly FromItem[];
  readonly where?: Expression | undefined;
  readonly groupBy: readonly Expression[];
  readonly orderBy: readonly Ordering[];
  readonly limit?: Expression | undefined;
  readonly locking?: Locking | undefined;
}

/** `for update` and `for no key update` are one: nothing here takes a weaker lock that would tell them apart. */
export interface Locking {
  readonly of?: string | undefined;
  readonly skipLocked: boolean;
}

export interface FromItem {
  readonly relation: Relation;
  readonly alias?: string | undefined;
  readonly columns?: readonly string[] | undefined;
  readonly join: 'cross' | 'inner' | 'left';
  readonly on?: Expression | undefined;
  readonly using?: readonly string[] | undefined;
}

export type Relation =
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'subquery'; readonly query: Query }
  | { readonly kind: 'unnest'; readonly arrays: readonly Expression[]; readonly ordinality: boolean };

export interface Union {
  readonly kind: 'union';
  readonly parts: readonly Body[];
}

export interface Values {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
}

export interface Assignment {
  readonly column: string;
  readonly value: Expression;
}

export interface Insert {
  readonly kind: 'insert';
  readonly table: string;
  readonly alias?: string | undefined;
  readonly columns?: readonly string[] | undefined;
  readonly source: Body;
  readonly conflict?: Conflict | undefined;
  readonly returning: readonly Output[];
}

export interface Conflict {
  /** None: any unique key. */
  readonly columns?: readonly string[] | undefined;
  /** None: do nothing. */
  readonly set?: readonly Assignment[] | undefined;
  readonly where?: Expression | undefined;
}

export interface Update {
  readonly kind: 'update';
  readonly table: string;
  readonly alias?: string | undefined;
  readonly set: readonly Assignment[];
  readonly from: readonly FromItem[];
  readonly where?: Expression | undefined;
  readonly returning: readonly Output[];
}

export interface Delete {
  readonly kind: 'delete';
  readonly table: string;
  readonly alias?: string | undefined;
  readonly from: readonly FromItem[];
  readonly where?: Expression | undefined;
  readonly returning: readonly Output[];
}
