import type { Books } from '../../audit/books.js';
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
    transfersInOutbox: new Set(
      committedRows(transactions, 'outbox_message').map(({ envelope }) => transferIdIn(envelope as string)),
    ),
    postings: committedRows(accounts, 'posting').map((row) => ({
      id: row['id'] as string,
      transferId: row['transfer_id'] as string | null,
      currency: row['currency'] as string,
      entries: (entries.get(row['id'] as string) ?? []).map((entry) => ({
        accountId: entry['account_id'] as string,
        amountMinor: entry['amount_minor'] as bigint,
      })),
    })),
    rejections: committedRows(accounts, 'rejection').map((row) => row['transfer_id'] as string),
    accounts: committedRows(accounts, 'account').map((row) => ({
      id: row['id'] as string,
      currency: row['currency'] as string,
      balanceMinor: row['balance_minor'] as bigint,
    })),
  };
}

/** The transfer that an encoded event is about. */
export function transferIdIn(envelope: string): string {
  return (JSON.parse(envelope) as { data: { transferId: string } }).data.transferId;
}
