import type { Compiled, Condition } from './compiled.js';
import { compileSubquery } from './compile-subquery.js';
import { aggregateNamed, FUNCTIONS, type Aggregate } from './functions.js';
import { binary, cast, commonType } from './operators.js';
import { readerOf, Scope, type Surroundings } from './scope.js';
import type { Call, Expression, Ordering, Query } from './syntax.js';
import { coerce, compare, elementOf, type SqlType, type Value } from './values.js';

/** An aggregate or a window function of a query: computed before its outputs, over the frames. */
export interface Computed {
  readonly aggregate: Aggregate | 'row number';
  readonly operand: Compiled | undefined;
  readonly filter: Compiled | undefined;
  readonly over:
    { readonly partitionBy: readonly Compiled[]; readonly orderBy: readonly Order[] } | undefined;
}

export interface Order {
  readonly by: Compiled;
  readonly descending: boolean;
}

/** Compiles the expressions of one query. */
export class ExpressionCompiler {
  /** What the expressions want computed, in the order of {@link Frame.computed}. */
  readonly computed: Computed[] = [];

  readonly scope: Scope;

  constructor(surroundings: Surroundings) {
    this.scope = new Scope(surroundings);
  }

  compile(expression: Expression): Compiled {
    switch (expression.kind) {
      case 'constant': {
        const { value, type } = expression;
        return { type, evaluate: () => value };
      }
      case 'parameter':
        return this.parameter(expression.number);
      case 'column': {
        const found = this.scope.find(expression.name, expression.source);
        return { type: found.type, evaluate: readerOf(found) };
      }
      case 'call':
        return this.call(expression);
      case 'cast':
        return this.convert(this.compile(expression.operand), expression.type);
      case 'binary':
        return this.binary(expression);
      case 'case':
        return this.conditional(expression);
      case 'exists':
      case 'scalar':
      case 'array':
      case 'in query':
        return this.subquery(expression);
      case 'not':
      case 'minus':
      case 'is null':
      case 'is true':
      case 'is distinct':
      case 'any':
      case 'in list':
        return this.test(expression);
    }
  }

  /** True or not: null is not. */
  condition(expression: Expression): Condition {
    const { evaluate } = this.convert(this.compile(expression), 'bool');
    return (frame, execution) => evaluate(frame, execution) === true;
  }

  orders(orderings: readonly Ordering[]): Order[] {
    return orderings.map(({ by, descending }) => ({ by: this.compile(by), descending }));
  }

  convert(operand: Compiled, type: SqlType): Compiled {
    return cast(operand, type) ?? this.scope.statement.fail(`${operand.type} is not cast to ${type}`);
  }

  private parameter(number: number): Compiled {
    const type = this.scope.statement.typeOfParameter(number);
    return { type, evaluate: (_frame, { parameters }) => coerceParameter(parameters[number - 1], type) };
  }

  private binary({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): Compiled {
    const [one, other] = [this.compile(left), this.compile(right)];
    if (operator === 'and' || operator === 'or') return logical(operator === 'or', one, other);
    return (
      binary(operator, one, other) ??
      this.scope.statement.fail(`no operator ${one.type} ${operator} ${other.type}`)
    );
  }

  private conditional({ whens, otherwise }: Extract<Expression, { kind: 'case' }>): Compiled {
    const conditions = whens.map(({ when }) => this.condition(when));
    const values = whens.map(({ then }) => this.compile(then));
    const last = otherwise && this.compile(otherwise);
    const type = commonType([...values, ...(last ? [last] : [])].map((value) => value.type));
    if (type === undefined) return this.scope.statement.fail('the branches of a case are of several types');
    const branches = values.map((value) => this.convert(value, type));
    const fallback = last && this.convert(last, type);
    return {
      type,
      evaluate: (frame, execution) => {
        const index = conditions.findIndex((holds) => holds(frame, execution));
        return (branches[index] ?? fallback)?.evaluate(frame, execution) ?? null;
      },
    };
  }

  private call(call: Call): Compiled {
    const computed = this.aggregateOf(call);
    if (computed) {
      const index = this.computed.push(computed) - 1;
      const type = computed.aggregate === 'row number' ? 'bigint' : computed.aggregate.type;
      return { type, evaluate: (frame) => frame.computed[index] ?? null };
    }
    const operands = call.operands.map((operand) => this.compile(operand));
    const types = operands.map(({ type }) => type).join(', ');
    return (
      FUNCTIONS[call.name]?.(operands) ?? this.scope.statement.fail(`no function ${call.name}(${types})`)
    );
  }

  private aggregateOf({ name, operands, star, over, filter }: Call): Computed | undefined {
    if (FUNCTIONS[name]) return undefined;
    const operand = operands[0] && this.compile(operands[0]);
    const aggregate =
      name === 'row_number' && over ? 'row number' : aggregateNamed(name, star ? undefined : operand?.type);
    if (!aggregate) return undefined;
    return {
      aggregate,
      operand,
      filter: filter && this.compile(filter),
      over: over && {
        partitionBy: over.partitionBy.map((by) => this.compile(by)),
        orderBy: this.orders(over.orderBy),
      },
    };
  }

  private subquery(expression: Extract<Expression, { readonly query: Query }>): Compiled {
    const query = compileSubquery(expression.query, this.scope);
    const type = query.columns[0]?.type ?? 'unknown';
    if (expression.kind === 'exists') {
      return { type: 'bool', evaluate: (frame, execution) => query.run(frame, execution).length > 0 };
    }
    if (expression.kind === 'scalar') {
      return { type, evaluate: (frame, execution) => query.run(frame, execution)[0]?.values[0] ?? null };
    }
    const array: Compiled = {
      type: `${elementOf(type)}[]`,
      evaluate: (frame, execution) => query.run(frame, execution).map(({ values }) => values[0] ?? null),
    };
    if (expression.kind === 'array') return array;
    return memberOf(this.convert(this.compile(expression.operand), type), array);
  }

  private test(
    expression: Extract<
      Expression,
      { kind: 'not' | 'minus' | 'is null' | 'is true' | 'is distinct' | 'any' | 'in list' }
    >,
  ): Compiled {
    switch (expression.kind) {
      case 'not':
        return negated(this.convert(this.compile(expression.operand), 'bool'));
      case 'minus': {
        const operand = this.compile(expression.operand);
        const { type } = operand;
        return mapped(operand, type, (value) =>
          type === 'bigint' ? -(value as bigint) : -(value as number),
        );
      }
      case 'is null': {
        const { evaluate } = this.compile(expression.operand);
        return { type: 'bool', evaluate: (frame, execution) => evaluate(frame, execution) === null };
      }
      case 'is true': {
        const holds = this.condition(expression.operand);
        return { type: 'bool', evaluate: holds };
      }
      case 'is distinct':
        return this.distinct(this.compile(expression.left), this.compile(expression.right));
      case 'any':
        return this.any(this.compile(expression.operand), this.compile(expression.array));
      case 'in list': {
        const operand = this.compile(expression.operand);
        const items = expression.items.map((item) => this.convert(this.compile(item), operand.type));
        const evaluate: Compiled['evaluate'] = (frame, execution) =>
          items.map((item) => item.evaluate(frame, execution));
        return memberOf(operand, { type: `${elementOf(operand.type)}[]`, evaluate });
      }
    }
  }

  private any(operand: Compiled, array: Compiled): Compiled {
    const item = elementOf(array.type);
    const type =
      commonType([operand.type, item]) ?? this.scope.statement.fail(`${operand.type} = any(${array.type})`);
    return memberOf(this.convert(operand, type), this.convert(array, `${elementOf(type)}[]`));
  }

  private distinct(left: Compiled, right: Compiled): Compiled {
    const type = commonType([left.type, right.type]);
    if (type === undefined) return this.scope.statement.fail(`${left.type} is distinct from ${right.type}`);
    const [one, other] = [this.convert(left, type), this.convert(right, type)];
    return {
      type: 'bool',
      evaluate: (frame, execution) => {
        const [a, b] = [one.evaluate(frame, execution), other.evaluate(frame, execution)];
        return a === null || b === null ? a !== b : compare(a, b) !== 0;
      },
    };
  }
}

/** What the driver hands over is of no type yet: it is left as it is until it meets one. */
function coerceParameter(value: unknown, type: SqlType): Value {
  return type === 'unknown' ? ((value ?? null) as Value) : coerce(value, type);
}

function mapped(operand: Compiled, type: SqlType, map: (value: Value) => Value): Compiled {
  return {
    type,
    evaluate: (frame, execution) => {
      const value = operand.evaluate(frame, execution);
      return value === null ? null : map(value);
    },
  };
}

function negated(operand: Compiled): Compiled {
  return mapped(operand, 'bool', (value) => value !== true);
}

/** Three-valued: `deciding or x` is deciding whatever x is, and the same with `and` and its opposite. */
function logical(deciding: boolean, left: Compiled, right: Compiled): Compiled {
  return {
    type: 'bool',
    evaluate: (frame, execution) => {
      const one = left.evaluate(frame, execution);
      if (one === deciding) return deciding;
      const other = right.evaluate(frame, execution);
      if (other === deciding) return deciding;
      return one === null || other === null ? null : !deciding;
    },
  };
}

function memberOf(operand: Compiled, array: Compiled): Compiled {
  return {
    type: 'bool',
    evaluate: (frame, execution) => {
      const value = operand.evaluate(frame, execution);
      const items = array.evaluate(frame, execution) as readonly Value[] | null;
      if (value === null || items === null) return null;
      if (items.some((item) => item !== null && compare(item, value) === 0)) return true;
      return items.includes(null) ? null : false;
    },
  };
}
