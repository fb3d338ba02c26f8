import type {
  Books,
  DeadLetter,
  EventType,
  LedgerPosting,
  LedgerRejection,
  Side,
  TransferEvent,
} from './books.js';
import { groupBy } from './group-by.js';

/** What a side tells the other. */
const TOLD_BY: Readonly<Record<Side, readonly EventType[]>> = {
  transactions: ['transfer.requested'],
  accounts: ['transfer.posted', 'transfer.rejected'],
};
const OTHER: Readonly<Record<Side, Side>> = { transactions: 'accounts', accounts: 'transactions' };

/** Whether a transfer's event may still do something, and why. */
export interface Prospect {
  /** Something is left that may bring it: a row, a letter or a message. */
  readonly alive: boolean;
  readonly because: string;
}

/** The books, by transfer. */
export class Evidence {
  readonly postings: ReadonlyMap<string, readonly LedgerPosting[]>;
  readonly rejections: ReadonlyMap<string, LedgerRejection>;
  private readonly outbox;
  private readonly letters: Readonly<Record<Side, ReadonlyMap<string | undefined, readonly DeadLetter[]>>>;
  private readonly stored;
  private readonly keys: ReadonlyMap<string, readonly { readonly key: string }[]>;

  constructor(readonly books: Books) {
    const { outbox, deadLetters, channels } = books;
    const transferOf = ({ transferId }: TransferEvent) => transferId;
    const letterOf = ({ event }: DeadLetter) => event?.transferId;
    const posted = books.postings.filter(({ transferId }) => transferId !== null);
    this.postings = groupBy(posted, ({ transferId }) => transferId ?? '');
    this.rejections = new Map(books.rejections.map((rejection) => [rejection.transferId, rejection]));
    this.outbox = {
      transactions: groupBy(outbox.transactions, transferOf),
      accounts: groupBy(outbox.accounts, transferOf),
    };
    this.letters = {
      transactions: groupBy(deadLetters.transactions, letterOf),
      accounts: groupBy(deadLetters.accounts, letterOf),
    };
    this.stored = groupBy(channels?.events ?? [], transferOf);
    this.keys = groupBy(
      books.idempotency.flatMap(({ key, transfers }) => transfers.map(({ id }) => ({ key, id }))),
      ({ id }) => id,
    );
  }

  /** The Idempotency-Keys under which a transfer was recorded. */
  keysOf(transferId: string): string[] {
    return (this.keys.get(transferId) ?? []).map(({ key }) => key);
  }

  /** Every event that a side has sent or is going to send, once. */
  eventsBy(side: Side): Iterable<TransferEvent> {
    const stored = (this.books.channels?.events ?? []).filter(({ type }) => TOLD_BY[side].includes(type));
    return new Map([...this.books.outbox[side], ...stored].map((event) => [event.id, event])).values();
  }

  /** The events of a transfer that a side has sent or is going to send, as far as its outbox or the broker knows. */
  eventsOf(side: Side, transferId: string): readonly TransferEvent[] {
    const events = [...(this.outbox[side].get(transferId) ?? []), ...this.storedOf(side, transferId)];
    return [...new Map(events.map((event) => [event.id, event])).values()];
  }

  /** Whether an event of a transfer was tried more than once by a side's relay: an earlier outcome was not known. */
  wasRepeated(side: Side, transferId: string): boolean {
    return (this.outbox[side].get(transferId) ?? []).some(({ attempts }) => attempts > 1);
  }

  /** What is left of what a side has to tell the other about a transfer. */
  prospectOf(side: Side, transferId: string): Prospect {
    const rows = this.outbox[side].get(transferId) ?? [];
    const has = (state: string) => rows.some((row) => row.state === state);
    if (has('waiting')) return { alive: true, because: `its event waits in the outbox of ${side}` };
    if (has('parked')) return { alive: true, because: `its event is parked in the outbox of ${side}` };
    if ((this.letters[OTHER[side]].get(transferId) ?? []).length > 0) {
      return { alive: true, because: `its event is among the dead letters of ${OTHER[side]}` };
    }
    return this.books.channels === undefined
      ? unwitnessed(side, has('settled'))
      : this.witnessed(side, transferId, has('settled'));
  }

  private witnessed(side: Side, transferId: string, settled: boolean): Prospect {
    const stored = this.storedOf(side, transferId);
    const undelivered = this.books.channels?.undelivered;
    if (stored.length > 0 && undelivered === undefined) {
      return { alive: true, because: 'its event is on the channel' };
    }
    if (stored.some(({ id }) => undelivered?.has(id))) {
      return { alive: true, because: 'its event is on the channel and not acknowledged' };
    }
    if (stored.length > 0) {
      return { alive: false, because: `its event was acknowledged by ${OTHER[side]}, which did nothing` };
    }
    return {
      alive: false,
      because: settled
        ? `the outbox of ${side} says that its event is published, and the broker does not have it`
        : `its event is neither in the outbox of ${side} nor on the channel`,
    };
  }

  private storedOf(side: Side, transferId: string): readonly TransferEvent[] {
    return (this.stored.get(transferId) ?? []).filter(({ type }) => TOLD_BY[side].includes(type));
  }
}

/** Without the broker's word, what an outbox calls published is taken for that. */
function unwitnessed(side: Side, settled: boolean): Prospect {
  return settled
    ? { alive: true, because: `the outbox of ${side} says that its event is published` }
    : { alive: false, because: `its event is not in the outbox of ${side}` };
}
