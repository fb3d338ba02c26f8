import type { ApiOperation } from './api-document.js';
import type { FuzzRequest } from './fuzz-request.js';
import type { Answer } from './send-request.js';

/** What was prepared before the first request. */
export interface Prepared {
  /** With money on them, in one currency. */
  readonly funded: readonly string[];
  /** Open, and never closed: they hold one minor unit. */
  readonly freezable: readonly string[];
  /** Closed already: closing them again is answered like the first time. */
  readonly closed: readonly string[];
  readonly frozen: string;
  /** Posted, and not reversed yet; each can be reversed once. */
  readonly posted: string[];
}

const CURRENCIES = ['EUR', 'EUR', 'EUR', 'JPY', 'KWD', 'MRU'];
const AMOUNTS = ['1', '2', '17', '250', '1000', '999999999999999'];
const OWNERS = ['ada', 'Grace Hopper', 'Ὑπατία', '山田太郎', '👩‍🚀', "O'Brien; drop table account"];
/** Of what is learned, so much is remembered. */
const REMEMBERED_MAX = 500;

/** What requests can refer to: what was prepared, and what the answers tell. */
export class KnownThings {
  readonly transfers: string[] = [];
  readonly keys = new Map<string, string[]>();
  private readonly cursors = new Map<string, string[]>();

  constructor(private readonly prepared: Prepared) {}

  /** Values that the schema of a field or parameter says nothing of; none: leave it out; undefined: any will do. */
  valuesFor(operation: ApiOperation, name: string): readonly unknown[] | undefined {
    const { funded } = this.prepared;
    const half = funded.length / 2;
    const values: Record<string, readonly unknown[]> = {
      id: this.idsFor(operation),
      debitAccountId: funded.slice(0, half),
      creditAccountId: funded.slice(half),
      accountId: funded,
      account: funded,
      currency: CURRENCIES,
      amountMinor: AMOUNTS,
      openingBalanceMinor: ['0', '1', '1000'],
      owner: OWNERS,
      olderThan: ['PT0S', 'PT30S', 'PT5M', 'P1DT12H'],
      cursor: this.cursors.get(operation.id) ?? [],
      'if-match': ['*'],
      'if-none-match': ['*', '"0"', 'W/"0"'],
      prefer: ['wait=1', 'respond-async, wait="1"', 'wait=0', 'handling=lenient'],
      'last-event-id': ['0', '1', '2'],
    };
    return values[name.toLowerCase()] ?? values[name];
  }

  /** Fields that the schema lets out, and this bank does not: it does not ask its callers who they are. */
  isNeeded({ id }: ApiOperation, name: string): boolean {
    return id === 'openAccount' && name === 'owner';
  }

  /** Ids that the operation refuses, each for a reason of its own. */
  wrongIdsFor({ id, path }: ApiOperation): readonly string[] {
    const { funded, closed, frozen } = this.prepared;
    if (id === 'closeAccount') return [frozen, ...funded];
    if (path.includes('/accounts/')) return closed;
    return this.transfers.slice(-1);
  }

  /** Remembers what an answer tells of. */
  learn({ operation, headers }: FuzzRequest, { status, text }: Answer): void {
    if (status < 200 || status >= 300 || !text.startsWith('{')) return;
    const { nextCursor, id } = JSON.parse(text) as { nextCursor?: string; id?: string };
    if (nextCursor !== undefined) this.remember(this.listOf(this.cursors, operation.id), nextCursor);
    const key = headers['Idempotency-Key'];
    if (key === undefined) return;
    this.remember(this.listOf(this.keys, operation.id), key);
    if (id !== undefined) this.remember(this.transfers, id);
  }

  private idsFor({ id, path }: ApiOperation): readonly string[] {
    const { funded, freezable, closed, posted } = this.prepared;
    if (id === 'reverseTransfer') return posted.splice(-1);
    if (path.includes('/transfers/')) return this.transfers;
    if (id === 'closeAccount') return closed;
    return /\/(un)?freeze$/.test(path) ? freezable : [...funded, ...freezable, ...closed];
  }

  private listOf(lists: Map<string, string[]>, name: string): string[] {
    const list = lists.get(name) ?? [];
    lists.set(name, list);
    return list;
  }

  private remember(list: string[], value: string): void {
    list.push(value);
    if (list.length > REMEMBERED_MAX) list.shift();
  }
}
