import { toIdempotencyRecord } from '../../audit/book-rows.js';
import type {
  Books,
  DeadLetter,
  EventType,
  InboxRecord,
  LedgerPosting,
  LedgerRejection,
  OutboxEvent,
  RecordedTransfer,
  StoredEvent,
  TransferEvent,
} from '../../audit/books.js';
import { groupBy } from '../../audit/group-by.js';
import { readTransferEvent } from '../../audit/transfer-event.js';
import type { Bank } from '../bank/bank.js';
import type { Broker } from '../broker/broker.js';
import type { DatabaseServer } from '../database/server.js';
import type { Value } from '../sql/values.js';

/** What is committed in a table, each row by the names of its columns, which the caller knows. */
export function committedRows<Row extends object>({ database, parts }: DatabaseServer, table: string): Row[] {
  const { columns = [] } = parts.catalog.tables.get(table) ?? {};
  return database.committed(table).map((values) => {
    const row: Record<string, Value> = {};
    for (let index = 0; index < columns.length; index++)
      row[columns[index]?.name ?? ''] = values[index] ?? null;
    return row as unknown as Row;
  });
}

/** What the auditor looks at, of both databases and the broker at one moment. */
export function booksOf({ databases, broker }: Pick<Bank, 'databases' | 'broker'>): Books {
  const { transactions, accounts } = databases;
  return {
    transfers: committedRows<TransferRow>(transactions, 'transfer').map(transferOf),
    postings: postingsIn(accounts),
    rejections: committedRows<RejectionRow>(accounts, 'rejection').map(rejectionOf),
    accounts: committedRows<AccountRow>(accounts, 'account').map(
      ({ balance_minor: balanceMinor, ...row }) => {
        return { ...row, balanceMinor };
      },
    ),
    outbox: { transactions: outboxOf(transactions), accounts: outboxOf(accounts) },
    inbox: { transactions: inboxOf(transactions), accounts: inboxOf(accounts) },
    deadLetters: { transactions: deadLettersOf(transactions), accounts: deadLettersOf(accounts) },
    idempotency: committedRows<Parameters<typeof toIdempotencyRecord>[0]>(
      transactions,
      'idempotency_record',
    ).map(toIdempotencyRecord),
    channels: channelsOf(broker),
  };
}

interface Terms {
  readonly debit_account_id: string;
  readonly credit_account_id: string;
  readonly amount_minor: bigint;
  readonly currency: string;
}

function termsOf(row: Terms) {
  return {
    debitAccountId: row.debit_account_id,
    creditAccountId: row.credit_account_id,
    amountMinor: row.amount_minor,
    currency: row.currency,
  };
}

type TransferRow = Terms & Pick<RecordedTransfer, 'id' | 'status'> & { readonly requested_at: number };

function transferOf({ id, status, requested_at: micros, ...row }: TransferRow): RecordedTransfer {
  return { id, status, ...termsOf(row), requestedAt: new Date(micros / 1_000) };
}

interface EntryRow {
  readonly posting_id: string;
  readonly account_id: string;
  readonly amount_minor: bigint;
}

interface PostingRow {
  readonly id: string;
  readonly transfer_id: string | null;
  readonly currency: string;
  readonly posted_at: number;
}

function postingsIn(server: DatabaseServer): LedgerPosting[] {
  const entries = groupBy(committedRows<EntryRow>(server, 'entry'), (entry) => entry.posting_id);
  return committedRows<PostingRow>(server, 'posting').map((row) => ({
    id: row.id,
    transferId: row.transfer_id,
    currency: row.currency,
    atMicros: BigInt(row.posted_at),
    entries: (entries.get(row.id) ?? []).map((entry) => {
      return { accountId: entry.account_id, amountMinor: entry.amount_minor };
    }),
  }));
}

type RejectionRow = Terms & { readonly transfer_id: string; readonly rejected_at: number };

function rejectionOf({
  transfer_id: transferId,
  rejected_at: micros,
  ...row
}: RejectionRow): LedgerRejection {
  return { transferId, ...termsOf(row), atMicros: BigInt(micros) };
}

interface AccountRow {
  readonly id: string;
  readonly currency: string;
  readonly balance_minor: bigint;
}

interface MessageRow {
  readonly id: string;
  readonly key: string;
  readonly sequence: bigint;
  readonly envelope: string;
  readonly attempts: number;
}

/** A message waits while its lane has not come to its number. */
function outboxOf(server: DatabaseServer): OutboxEvent[] {
  const lanes = committedRows<{ key: string; settled_sequence: bigint }>(server, 'outbox_lane');
  const settled = new Map(lanes.map((lane) => [lane.key, lane.settled_sequence]));
  const parked = new Set(committedRows<{ id: string }>(server, 'outbox_parked').map(({ id }) => id));
  return committedRows<MessageRow>(server, 'outbox_message').map(
    ({ id, key, sequence, envelope, attempts }) => {
      const upTo = settled.get(key);
      const waits = upTo !== undefined && sequence > upTo;
      const state = parked.has(id) ? 'parked' : waits ? 'waiting' : 'settled';
      return { ...eventIn(envelope), key, sequence, state, attempts };
    },
  );
}

type InboxRow = Omit<InboxRecord, 'eventId'> & { readonly id: string };

function inboxOf(server: DatabaseServer): InboxRecord[] {
  return committedRows<InboxRow>(server, 'inbox_message').map(({ id: eventId, source, type, repeats }) => {
    return { source, eventId, type, repeats };
  });
}

type DeadLetterRow = Omit<DeadLetter, 'event'> & { readonly payload: string };

function deadLettersOf(server: DatabaseServer): DeadLetter[] {
  return committedRows<DeadLetterRow>(server, 'inbox_dead_letter').map(({ payload, ...row }) => {
    return { ...row, event: readTransferEvent(Buffer.from(payload, 'hex').toString()) ?? null };
  });
}

function channelsOf(broker: Broker): NonNullable<Books['channels']> {
  const stored = broker.history.filter((message) => !broker.forgotten.has(message));
  const open = broker.unacknowledged();
  return {
    events: stored.flatMap(({ payload, sequence }): StoredEvent[] => {
      const event = readTransferEvent(payload);
      return event === undefined ? [] : [{ ...event, number: sequence }];
    }),
    undelivered: new Set([...open].flatMap(({ payload }) => readTransferEvent(payload)?.id ?? [])),
  };
}

interface Envelope {
  readonly id: string;
  readonly type: EventType;
  readonly partitionkey: string;
  readonly sequence?: string;
  readonly data: {
    readonly transferId: string;
    readonly debitAccountId: string;
    readonly creditAccountId?: string;
    readonly amountMinor?: string;
    readonly currency?: string;
  };
}

/** Reads an encoded event of the bank's. */
export function eventIn(payload: string): TransferEvent {
  const { id, type, partitionkey, sequence, data } = JSON.parse(payload) as Envelope;
  return {
    id,
    type,
    key: partitionkey,
    sequence: sequence === undefined ? null : BigInt(sequence),
    transferId: data.transferId,
    debitAccountId: data.debitAccountId,
    creditAccountId: data.creditAccountId ?? null,
    amountMinor: data.amountMinor === undefined ? null : BigInt(data.amountMinor),
    currency: data.currency ?? null,
  };
}
