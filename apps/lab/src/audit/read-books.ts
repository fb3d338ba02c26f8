import { Client } from 'pg';
import { bookStatements as sql } from './book-statements.js';
import {
  toAccount,
  toDeadLetter,
  toIdempotencyRecord,
  toOutboxEvent,
  toPosting,
  toRejection,
  toTransfer,
} from './book-rows.js';
import type { Books, Channels, InboxRecord, Side } from './books.js';

/** The two databases' URLs. */
export type BankUrls = Readonly<Record<Side, string>>;

/** What passed through the services' outboxes and inboxes. */
export interface Traffic {
  /** Messages in the outbox of `transactions` that are not settled. */
  readonly waiting: number;
  /** Messages in the outbox of `transactions` that are. */
  readonly sent: number;
  /** Messages in the outbox of `accounts` that are not settled. */
  readonly outcomesWaiting: number;
  /** How often either inbox was handed an event that it knew already. */
  readonly repeats: number;
}

/** The half of the books that one service's database has. */
type LedgerBooks = Pick<Books, 'postings' | 'rejections' | 'accounts'>;
type OrderBooks = Pick<Books, 'transfers' | 'idempotency'>;

/** What both databases have. */
interface TrafficBooks {
  readonly outbox: Books['outbox'][Side];
  readonly inbox: Books['inbox'][Side];
  readonly deadLetters: Books['deadLetters'][Side];
}

/**
 * Reads the books, each database in one snapshot. `accounts` first: while money moves, a transfer recorded between the
 * two readings then looks unsettled, which passes, and not like a phantom. The channels come last, so that what left an
 * outbox before is on them.
 *
 * @param readChannels asks the broker; by default it is not asked
 */
export async function readBooks(urls: BankUrls, readChannels?: () => Promise<Channels>): Promise<Books> {
  const ledger = await inSnapshot(urls.accounts, async (read) => ({
    ...(await readLedger(read)),
    traffic: await readTrafficBooks(read),
  }));
  const orders = await inSnapshot(urls.transactions, async (read) => ({
    ...(await readOrders(read)),
    traffic: await readTrafficBooks(read),
  }));
  const both = <Part extends keyof TrafficBooks>(part: Part) => ({
    transactions: orders.traffic[part],
    accounts: ledger.traffic[part],
  });
  const { postings, rejections, accounts } = ledger;
  const { transfers, idempotency } = orders;
  return {
    ...{ transfers, postings, rejections, accounts, idempotency },
    ...{ outbox: both('outbox'), inbox: both('inbox'), deadLetters: both('deadLetters') },
    ...(readChannels === undefined ? {} : { channels: await readChannels() }),
  };
}

/** Counts what waits, what went, and what the inboxes swallowed. */
export async function readTraffic(urls: BankUrls): Promise<Traffic> {
  const count = (url: string) =>
    inSnapshot(url, async (read) => ({
      outbox: (await read<{ waiting: string; sent: string }>(sql.outboxDepth))[0],
      inbox: (await read<{ repeats: string }>(sql.repeats))[0],
    }));
  const [transactions, accounts] = await Promise.all([count(urls.transactions), count(urls.accounts)]);
  return {
    waiting: Number(transactions.outbox?.waiting),
    sent: Number(transactions.outbox?.sent),
    outcomesWaiting: Number(accounts.outbox?.waiting),
    repeats: Number(transactions.inbox?.repeats) + Number(accounts.inbox?.repeats),
  };
}

/** The time by the clock that stamps the transfers. */
export async function clockOf(url: string): Promise<Date> {
  const [row] = await inSnapshot(url, (read) => read<{ now: Date }>('select clock_timestamp() as now'));
  return row?.now ?? new Date(Number.NaN);
}

/** Runs one statement of a reading. */
export type Read = <Row extends object>(statement: string) => Promise<Row[]>;

/** Reads from one snapshot of a database, on a connection of its own, and changes nothing. */
export async function inSnapshot<Value>(
  url: string,
  readAll: (read: Read) => Promise<Value>,
): Promise<Value> {
  const database = new Client({ connectionString: url });
  // A server that goes away says so here as well as to whoever waits for a statement.
  database.on('error', () => undefined);
  await database.connect();
  try {
    await database.query('begin isolation level repeatable read read only');
    return await readAll(async <Row extends object>(statement: string) => {
      return (await database.query<Row>(statement)).rows;
    });
  } finally {
    await database.end();
  }
}

async function readLedger(read: Read): Promise<LedgerBooks> {
  return {
    postings: (await read<Parameters<typeof toPosting>[0]>(sql.postings)).map(toPosting),
    rejections: (await read<Parameters<typeof toRejection>[0]>(sql.rejections)).map(toRejection),
    accounts: (await read<Parameters<typeof toAccount>[0]>(sql.accounts)).map(toAccount),
  };
}

async function readOrders(read: Read): Promise<OrderBooks> {
  return {
    transfers: (await read<Parameters<typeof toTransfer>[0]>(sql.transfers)).map(toTransfer),
    idempotency: (await read<Parameters<typeof toIdempotencyRecord>[0]>(sql.idempotency)).map(
      toIdempotencyRecord,
    ),
  };
}

async function readTrafficBooks(read: Read): Promise<TrafficBooks> {
  return {
    outbox: (await read<Parameters<typeof toOutboxEvent>[0]>(sql.outbox)).flatMap(toOutboxEvent),
    inbox: await read<InboxRecord>(sql.inbox),
    deadLetters: (await read<Parameters<typeof toDeadLetter>[0]>(sql.deadLetters)).map(toDeadLetter),
  };
}
