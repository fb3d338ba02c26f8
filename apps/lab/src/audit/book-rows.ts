/** What a row of each statement of the books comes to: text becomes amounts, and bodies become what they say. */
import type {
  AnsweredTransfer,
  DeadLetter,
  IdempotencyRecord,
  LedgerAccount,
  LedgerPosting,
  LedgerRejection,
  OutboxEvent,
  RecordedTransfer,
} from './books.js';
import { readTransferEvent } from './transfer-event.js';

type Text<Row, Keys extends keyof Row> = Omit<Row, Keys> & Record<Keys, string>;

export function toTransfer(row: Text<RecordedTransfer, 'amountMinor'>): RecordedTransfer {
  return { ...row, amountMinor: BigInt(row.amountMinor) };
}

export function toAccount(row: Text<LedgerAccount, 'balanceMinor'>): LedgerAccount {
  return { ...row, balanceMinor: BigInt(row.balanceMinor) };
}

interface PostingRow {
  readonly id: string;
  readonly transferId: string | null;
  readonly currency: string;
  readonly atMicros: string;
  readonly accountIds: readonly (string | null)[];
  readonly amounts: readonly (string | null)[];
}

/** A posting without entries comes as one entry of nulls from the outer join. */
export function toPosting(row: PostingRow): LedgerPosting {
  const { id, transferId, currency, atMicros, accountIds, amounts } = row;
  const entries = accountIds.flatMap((accountId, index) => {
    const amount = amounts[index];
    return accountId === null || amount == null ? [] : [{ accountId, amountMinor: BigInt(amount) }];
  });
  return { id, transferId, currency, entries, atMicros: BigInt(atMicros) };
}

type RejectionRow = Omit<LedgerRejection, 'amountMinor' | 'atMicros'> & {
  readonly amountMinor: string | null;
  readonly atMicros: string;
};

export function toRejection({ amountMinor, atMicros, ...row }: RejectionRow): LedgerRejection {
  return {
    ...row,
    amountMinor: amountMinor === null ? null : BigInt(amountMinor),
    atMicros: BigInt(atMicros),
  };
}

interface OutboxRow {
  readonly envelope: string;
  readonly key: string;
  /** Null for a message without order. */
  readonly sequence: string | null;
  readonly attempts: number;
  readonly state: OutboxEvent['state'];
}

/** @returns none for an event that is not the bank's */
export function toOutboxEvent({ envelope, key, sequence, attempts, state }: OutboxRow): OutboxEvent[] {
  const event = readTransferEvent(envelope);
  if (event === undefined) return [];
  // What was requeued after it was parked keeps the number that its envelope has.
  if (sequence === null) return [{ ...event, state, attempts }];
  return [{ ...event, key, sequence: BigInt(sequence), state, attempts }];
}

type DeadLetterRow = Omit<DeadLetter, 'event'> & { readonly payload: Buffer };

export function toDeadLetter({ payload, ...row }: DeadLetterRow): DeadLetter {
  return { ...row, event: readTransferEvent(payload.toString()) ?? null };
}

interface IdempotencyRow {
  readonly key: string;
  readonly status: number;
  readonly body: string;
}

/** The answer to one transfer is that transfer, and the answer to a batch lists what became of each order. */
export function toIdempotencyRecord({ key, status, body }: IdempotencyRow): IdempotencyRecord {
  if (status >= 400) return { key, status, transfers: [] };
  const answer = JSON.parse(body) as AnswerBody & { readonly items?: readonly AnswerBody[] };
  return { key, status, transfers: (answer.items ?? [answer]).flatMap(toAnsweredTransfer) };
}

interface AnswerBody {
  /** A refused order of a batch has none. */
  readonly id?: string;
  readonly debitAccountId?: string;
  readonly creditAccountId?: string;
  readonly amountMinor?: string;
  readonly currency?: string;
}

function toAnsweredTransfer(body: AnswerBody): AnsweredTransfer[] {
  const { id, debitAccountId = null, creditAccountId = null, amountMinor, currency = null } = body;
  if (id === undefined) return [];
  const amount = amountMinor === undefined ? null : BigInt(amountMinor);
  return [{ id, debitAccountId, creditAccountId, amountMinor: amount, currency }];
}
