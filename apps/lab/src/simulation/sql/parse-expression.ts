import type { Cursor } from './cursor.js';
import type { Call, Expression, Ordering, Query } from './syntax.js';
import { typeNamed, type ScalarType, type SqlType, type Value } from './values.js';

/** By how strongly an operator binds; a larger number binds more. */
const BINDING: Readonly<Record<string, number>> = {
  '=': 3,
  '<>': 3,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '||': 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '%': 7,
  '^': 8,
};
const COMPARISON = 3;
const MINUS_BINDING = 9;

/** Reads the expressions of one statement. */
export class ExpressionParser {
  constructor(
    protected readonly cursor: Cursor,
    private readonly query: () => Query,
  ) {}

  expression(): Expression {
    let left = this.conjunction();
    while (this.cursor.takes('or')) left = binary('or', left, this.conjunction());
    return left;
  }

  orderings(): Ordering[] {
    return this.cursor.list(() => {
      const by = this.expression();
      const descending = this.cursor.takes('desc');
      if (!descending) this.cursor.takes('asc');
      return { by, descending };
    });
  }

  /** A type, with or without `[]`, a length or a precision. */
  type(): SqlType {
    const name = this.cursor.name();
    const type = name === 'double' && this.cursor.takes('precision') ? 'float' : typeNamed(name);
    if (type === undefined) this.cursor.fail(`a type and not ${name}`);
    if (this.cursor.sees('(')) this.cursor.skipGroup();
    return this.cursor.takes('[', ']') ? `${type}[]` : type;
  }

  private conjunction(): Expression {
    let left = this.negation();
    while (this.cursor.takes('and')) left = binary('and', left, this.negation());
    return left;
  }

  private negation(): Expression {
    return this.cursor.takes('not') ? not(this.negation()) : this.predicate();
  }

  private predicate(): Expression {
    let left = this.operation(COMPARISON);
    for (let next = this.suffix(left); next; next = this.suffix(left)) left = next;
    return left;
  }

  /** What may follow an operand behind all operators: `is …`, `in …`, `between …`. */
  private suffix(operand: Expression): Expression | undefined {
    const { cursor } = this;
    if (cursor.takes('is')) return this.test(operand);
    const negated = cursor.sees('not', 'in') && cursor.takes('not');
    if (cursor.takes('in')) {
      const found = this.membership(operand);
      return negated ? not(found) : found;
    }
    if (cursor.takes('between')) {
      const from = this.operation(COMPARISON + 1);
      cursor.expect('and');
      const to = this.operation(COMPARISON + 1);
      return binary('and', binary('>=', operand, from), binary('<=', operand, to));
    }
    return undefined;
  }

  private test(operand: Expression): Expression {
    const negated = this.cursor.takes('not');
    let found: Expression;
    if (this.cursor.takes('null')) found = { kind: 'is null', operand };
    else if (this.cursor.takes('true')) found = { kind: 'is true', operand };
    else {
      this.cursor.expect('distinct', 'from');
      found = { kind: 'is distinct', left: operand, right: this.operation(COMPARISON + 1) };
    }
    return negated ? not(found) : found;
  }

  private membership(operand: Expression): Expression {
    return this.cursor.inParentheses((): Expression => {
      if (this.seesQuery()) return { kind: 'in query', operand, query: this.query() };
      return { kind: 'in list', operand, items: this.cursor.list(() => this.expression()) };
    });
  }

  private seesQuery(): boolean {
    return this.cursor.sees('select') || this.cursor.sees('with') || this.cursor.sees('values');
  }

  /** Operators that bind at least so strongly. */
  private operation(least: number): Expression {
    let left = this.prefix();
    for (;;) {
      const { kind, text } = this.cursor.peek();
      const binding = kind === 'sign' ? BINDING[text] : undefined;
      if (binding === undefined || binding < least) return left;
      this.cursor.next();
      if (this.cursor.takes('any')) {
        if (text !== '=') this.cursor.fail('"= any"');
        left = { kind: 'any', operand: left, array: this.cursor.inParentheses(() => this.expression()) };
      } else left = binary(text, left, this.operation(binding + 1));
    }
  }

  private prefix(): Expression {
    if (this.cursor.takes('-')) return { kind: 'minus', operand: this.operation(MINUS_BINDING) };
    return this.postfix(this.primary());
  }

  private postfix(operand: Expression): Expression {
    const { cursor } = this;
    if (cursor.takes('::')) return this.postfix({ kind: 'cast', operand, type: this.type() });
    if (cursor.takes('at', 'time', 'zone')) {
      return this.postfix(call('timezone', [this.primary(), operand]));
    }
    return operand;
  }

  private primary(): Expression {
    const { cursor } = this;
    const { kind, text } = cursor.peek();
    if (kind === 'parameter') return { kind: 'parameter', number: Number(cursor.next().text) };
    if (kind === 'string') return constant(cursor.next().text, 'unknown');
    if (kind === 'number') return number(cursor.next().text);
    if (cursor.sees('(')) {
      return cursor.inParentheses(() =>
        this.seesQuery() ? { kind: 'scalar', query: this.query() } : this.expression(),
      );
    }
    return (kind === 'word' && this.keyword(text)) || this.columnOrCall();
  }

  private keyword(word: string): Expression | undefined {
    const { cursor } = this;
    const literal = LITERALS.get(word);
    if (literal) {
      cursor.next();
      return literal;
    }
    if (word === 'case') return this.conditional();
    if (word === 'exists' || word === 'array') {
      cursor.next();
      return { kind: word, query: cursor.inParentheses(() => this.query()) };
    }
    if (word === 'interval' && cursor.peek(1).kind === 'string') {
      cursor.next();
      return { kind: 'cast', operand: constant(cursor.next().text, 'unknown'), type: 'interval' };
    }
    if (word === 'extract') {
      cursor.next();
      return cursor.inParentheses(() => {
        cursor.expect('epoch', 'from');
        return call('epoch', [this.expression()]);
      });
    }
    return undefined;
  }

  /** `case x when y` is written as `case when x = y`. */
  private conditional(): Expression {
    const { cursor } = this;
    cursor.expect('case');
    const operand = cursor.sees('when') ? undefined : this.expression();
    const whens: { when: Expression; then: Expression }[] = [];
    while (cursor.takes('when')) {
      const when = this.expression();
      cursor.expect('then');
      whens.push({ when: operand ? binary('=', operand, when) : when, then: this.expression() });
    }
    const otherwise = cursor.takes('else') ? this.expression() : undefined;
    cursor.expect('end');
    return { kind: 'case', whens, otherwise };
  }

  private columnOrCall(): Expression {
    const name = this.cursor.name();
    if (this.cursor.sees('(')) return this.call(name);
    if (this.cursor.takes('.')) return { kind: 'column', source: name, name: this.cursor.name() };
    return { kind: 'column', name };
  }

  private call(name: string): Call {
    const { cursor } = this;
    cursor.expect('(');
    const star = cursor.takes('*');
    const operands = star || cursor.sees(')') ? [] : cursor.list(() => this.operand());
    cursor.expect(')');
    const filter = cursor.takes('filter')
      ? cursor.inParentheses(() => {
          cursor.expect('where');
          return this.expression();
        })
      : undefined;
    const over = cursor.takes('over') ? cursor.inParentheses(() => this.window()) : undefined;
    return { kind: 'call', name, operands, star, filter, over };
  }

  /** The name of an argument is not looked at: each function that is called so has one. */
  private operand(): Expression {
    if (this.cursor.peek(1).text === '=>') {
      this.cursor.next();
      this.cursor.next();
    }
    return this.expression();
  }

  private window(): NonNullable<Call['over']> {
    const partitionBy = this.cursor.takes('partition', 'by') ? this.cursor.list(() => this.expression()) : [];
    const orderBy = this.cursor.takes('order', 'by') ? this.orderings() : [];
    return { partitionBy, orderBy };
  }
}

const LITERALS = new Map<string, Expression>([
  ['null', constant(null, 'unknown')],
  ['true', constant(true, 'bool')],
  ['false', constant(false, 'bool')],
]);

function constant(value: Value, type: ScalarType): Expression {
  return { kind: 'constant', value, type };
}

function number(text: string): Expression {
  return constant(Number(text), text.includes('.') ? 'float' : 'int');
}

function binary(operator: string, left: Expression, right: Expression): Expression {
  return { kind: 'binary', operator, left, right };
}

function not(operand: Expression): Expression {
  return { kind: 'not', operand };
}

function call(name: string, operands: readonly Expression[]): Call {
  return { kind: 'call', name, operands, star: false };
}
