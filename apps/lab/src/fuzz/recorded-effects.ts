import { readRows } from '../parts/sql.js';
import type { FuzzRequest } from './fuzz-request.js';
import type { Answer } from './send-request.js';

/** Refusals that are made in the transaction, and recorded with their key. */
const RECORDED_REFUSALS: ReadonlySet<string> = new Set([
  '/problems/transfer-not-found',
  '/problems/transfer-not-reversible',
  '/problems/transfer-already-reversed',
]);

/** What was recorded: by the answers, or by the databases. In their order, to be compared. */
export interface Effects {
  readonly transfers: readonly string[];
  /** Each with its path before it. */
  readonly keys: readonly string[];
  readonly accounts: readonly string[];
}

/** Keeps what the answers say is recorded. */
export class ToldEffects {
  private readonly transfers = new Set<string>();
  private readonly keys = new Set<string>();
  private readonly accounts = new Set<string>();

  /** Of a request to any operation. */
  note({ operation, target, headers }: FuzzRequest, { status, text }: Answer): void {
    if (operation.method !== 'POST' || !text.startsWith('{')) return;
    const body = JSON.parse(text) as { id?: string; type?: string; items?: { id?: string }[] };
    if (operation.id === 'openAccount' && status === 201 && body.id) this.accounts.add(body.id);
    if (operation.service !== 'transactions') return;
    const refused = operation.id === 'reverseTransfer' && RECORDED_REFUSALS.has(body.type ?? '');
    if (status !== 202 && !refused) return;
    const key = headers['Idempotency-Key']?.trim().replace(/^"(.*)"$/, '$1');
    const [path = ''] = target.split('?');
    this.keys.add(`${path.toLowerCase()} ${key}`);
    for (const { id } of refused ? [] : (body.items ?? [body])) if (id !== undefined) this.transfers.add(id);
  }

  /** All of them. */
  all(): Effects {
    return {
      transfers: [...this.transfers].sort(),
      keys: [...this.keys].sort(),
      accounts: [...this.accounts].sort(),
    };
  }
}

/** What the databases hold. */
export async function readEffects(
  databases: Readonly<Record<'transactions' | 'accounts', string>>,
): Promise<Effects> {
  const read = async (url: string, sql: string) =>
    (await readRows<{ found: string }>(url, sql)).map(({ found }) => found).sort();
  return {
    transfers: await read(databases.transactions, 'select id::text as found from transfer'),
    // The scope is a list of caller, method and path.
    keys: await read(
      databases.transactions,
      `select (scope::jsonb ->> 2) || ' ' || key as found from idempotency_record`,
    ),
    accounts: await read(databases.accounts, `select id::text as found from account where kind = 'customer'`),
  };
}

/** What `after` has and `before` has not. */
export function newEffects(before: Effects, after: Effects): Effects {
  const added = (earlier: readonly string[], later: readonly string[]) => {
    const known = new Set(earlier);
    return later.filter((each) => !known.has(each));
  };
  return {
    transfers: added(before.transfers, after.transfers),
    keys: added(before.keys, after.keys),
    accounts: added(before.accounts, after.accounts),
  };
}
