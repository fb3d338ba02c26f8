import type { PostgresMessage } from '../message.js';

/** A request and the answer that is due to it. */
export interface Exchange extends Pick<PostgresMessage, 'statements' | 'transaction' | 'commits'> {
  /** Whether ReadyForQuery ends its answer; it does not where the client asked with Flush. */
  readonly isClosed: boolean;
}

const BEGINS = /^\s*(begin|start\s+transaction)\b/i;
const COMMITS = /^\s*(commit|end)\b/i;
const ROLLS_BACK = /^\s*rollback\b(?!\s+(work\s+|transaction\s+)?to\b)/i;

/** What one connection to PostgreSQL has prepared, has in its transaction, and waits for. */
export class Conversation {
  /** Texts by the names of prepared statements, and by those of portals. */
  private readonly prepared = new Map<string, string>();
  private readonly portals = new Map<string, string>();
  private open: string[] | undefined;
  private readonly due: Exchange[] = [];
  /**
   * - `silent`: the client has not begun. The server does not speak first.
   * - `asks-encryption`: it is answered by one byte that is no message. Left to `silent` or `unreadable`.
   * - `begun`: messages go both ways.
   * - `unreadable`: it is encrypted, or no such conversation. Never left.
   */
  state: 'silent' | 'asks-encryption' | 'begun' | 'unreadable' = 'silent';

  parse(statement: string, text: string): void {
    this.prepared.set(statement, text);
  }

  bind(portal: string, statement: string): void {
    this.portals.set(portal, this.prepared.get(statement) ?? '');
  }

  /** What the portal runs. */
  textOf(portal: string): string {
    return this.portals.get(portal) ?? '';
  }

  /** Notes what leaves; what is due is only noted by `sent`. */
  exchange(statements: readonly string[], isClosed: boolean): Exchange {
    let transaction: readonly string[] = this.open ?? [];
    let commits = false;
    for (const statement of statements) {
      if (BEGINS.test(statement)) this.open ??= [];
      this.open?.push(statement);
      if (this.open !== undefined) transaction = [...this.open];
      commits ||= this.open !== undefined && COMMITS.test(statement);
      if (COMMITS.test(statement) || ROLLS_BACK.test(statement)) this.open = undefined;
    }
    return { statements, transaction, commits, isClosed };
  }

  /** The other end has it: its answer is due after those before it. */
  sent(exchange: Exchange): void {
    const last = this.due.at(-1);
    if (last === undefined || last.isClosed) this.due.push(exchange);
    else this.due[this.due.length - 1] = together(last, exchange);
  }

  /** What the server answers now. */
  get answered(): Exchange | undefined {
    return this.due[0];
  }

  /** The server has said that it is ready for the next. */
  done(): void {
    this.due.shift();
  }
}

/** What was asked with Flush is a part of what Sync ends. */
function together(before: Exchange, after: Exchange): Exchange {
  return {
    statements: [...before.statements, ...after.statements],
    transaction: after.transaction,
    commits: before.commits || after.commits,
    isClosed: after.isClosed,
  };
}
