import { UnknownSqlError } from '../simulation.errors.js';
import { tokensOf, type Token } from './tokens.js';

const END: Token = { kind: 'sign', text: '' };

/** Goes through the tokens of one statement. What it does not find where it must be is an {@link UnknownSqlError}. */
export class Cursor {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(private readonly text: string) {
    this.tokens = tokensOf(text);
  }

  get ended(): boolean {
    return this.at >= this.tokens.length;
  }

  peek(ahead = 0): Token {
    return this.tokens[this.at + ahead] ?? END;
  }

  next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  /** Whether these words or signs come next. */
  sees(...texts: readonly string[]): boolean {
    return texts.every((text, ahead) => {
      const token = this.peek(ahead);
      return token.text === text && (token.kind === 'word' || token.kind === 'sign');
    });
  }

  /** Takes them if they come next. */
  takes(...texts: readonly string[]): boolean {
    if (!this.sees(...texts)) return false;
    this.at += texts.length;
    return true;
  }

  expect(...texts: readonly string[]): void {
    if (!this.takes(...texts)) this.fail(`"${texts.join(' ')}"`);
  }

  name(): string {
    const token = this.next();
    if (token.kind !== 'word' && token.kind !== 'quoted') {
      this.at--;
      this.fail('a name');
    }
    return token.text;
  }

  /** One or more, with commas between them. */
  list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.takes(',')) items.push(item());
    return items;
  }

  inParentheses<Item>(item: () => Item): Item {
    this.expect('(');
    const found = item();
    this.expect(')');
    return found;
  }

  /** Skips a group in parentheses, whatever is in it. */
  skipGroup(): void {
    this.expect('(');
    for (let depth = 1; depth > 0;) {
      if (this.ended) this.fail('")"');
      const { text, kind } = this.next();
      if (kind === 'sign') depth += text === '(' ? 1 : text === ')' ? -1 : 0;
    }
  }

  fail(expected: string): never {
    const near = this.tokens.slice(this.at, this.at + 6).map(({ text }) => text);
    throw new UnknownSqlError(`expected ${expected} at "${near.join(' ')}"`, this.text);
  }
}
