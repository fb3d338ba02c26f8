import type { Books, OutboxEvent } from '../../audit/books.js';
import { readTransferEvent } from '../../audit/transfer-event.js';
import type { Bank } from '../bank/bank.js';
import type { DatabaseServer } from '../database/server.js';
import { groupBy } from '../sql/frames.js';
import type { Value } from '../sql/values.js';

type NamedRow = Readonly<Record<string, Value>>;

/** What is committed in a table, each row by its columns' names. */
export function committedRows({ database, parts }: DatabaseServer, table: string): NamedRow[] {
  const { columns = [] } = parts.catalog.tables.get(table) ?? {};
  return database
    .committed(table)
    .map((values) => Object.fromEntries(columns.map(({ name }, index) => [name, values[index] ?? null])));
}

/** What the auditor looks at, read from both databases at one moment. */
export function booksOf({ databases }: Pick<Bank, 'databases'>): Books {
  const { transactions, accounts } = databases;
  const entries = groupBy(committedRows(accounts, 'entry'), (entry) => entry['posting_id'] as string);
  return {
    transfers: committedRows(transactions, 'transfer').map((row) => ({
      id: row['id'] as string,
      debitAccountId: row['debit_account_id'] as string,
      creditAccountId: row['credit_account_id'] as string,
      amountMinor: row['amount_minor'] as bigint,
      currency: row['currency'] as string,
      status: row['status'] as 'pending' | 'posted' | 'rejected',
      requestedAt: new Date((row['requested_at'] as number) / 1_000),
    })),
    postings: committedRows(accounts, 'posting').map((row) => ({
      id: row['id'] as string,
      transferId: row['transfer_id'] as string | null,
      currency: row['currency'] as string,
      atMicros: BigInt(row['posted_at'] as number),
      entries: (entries.get(row['id'] as string) ?? []).map((entry) => ({
        accountId: entry['account_id'] as string,
        amountMinor: entry['amount_minor'] as bigint,
      })),
    })),
    rejections: committedRows(accounts, 'rejection').map((row) => ({
      transferId: row['transfer_id'] as string,
      debitAccountId: row['debit_account_id'] as string | null,
      creditAccountId: row['credit_account_id'] as string | null,
      amountMinor: row['amount_minor'] as bigint | null,
      currency: row['currency'] as string | null,
      atMicros: BigInt(row['rejected_at'] as number),
    })),
    accounts: committedRows(accounts, 'account').map((row) => ({
      id: row['id'] as string,
      currency: row['currency'] as string,
      balanceMinor: row['balance_minor'] as bigint,
    })),
    outbox: { transactions: outboxOf(transactions), accounts: outboxOf(accounts) },
    // What was handled and what was answered the simulation knows better than the rows.
    inbox: { transactions: [], accounts: [] },
    deadLetters: { transactions: [], accounts: [] },
    idempotency: [],
  };
}

/** A message waits while its lane has not come to its number. */
function outboxOf(server: DatabaseServer): OutboxEvent[] {
  const settled = new Map(
    committedRows(server, 'outbox_lane').map((lane) => [lane['key'], lane['settled_sequence'] as bigint]),
  );
  return committedRows(server, 'outbox_message').flatMap((row) => {
    const event = readTransferEvent(row['envelope'] as string);
    const upTo = settled.get(row['key'] ?? null);
    const waits = upTo !== undefined && (row['sequence'] as bigint) > upTo;
    const state = waits ? ('waiting' as const) : ('settled' as const);
    return event === undefined ? [] : [{ ...event, state, attempts: Number(row['attempts']) }];
  });
}

/** The transfer that an encoded event is about. */
export function transferIdIn(envelope: string): string {
  return (JSON.parse(envelope) as { data: { transferId: string } }).data.transferId;
}
