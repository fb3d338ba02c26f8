import { Client } from 'pg';
import type { Books, LedgerAccount, LedgerPosting, RecordedTransfer } from './books.js';

/** The two databases' URLs. */
export interface BankUrls {
  readonly transactions: string;
  readonly accounts: string;
}

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

const TRANSFERS = `
  select id, debit_account_id as "debitAccountId", credit_account_id as "creditAccountId",
         amount_minor as "amountMinor", currency, status, requested_at as "requestedAt"
  from transfer
  order by requested_at, id`;
const IN_OUTBOX = `select distinct envelope::jsonb #>> '{data,transferId}' as id from outbox_message`;
const POSTINGS = `
  select posting.id, posting.transfer_id as "transferId", posting.currency,
         array_agg(entry.account_id::text) as "accountIds", array_agg(entry.amount_minor::text) as "amounts"
  from posting left join entry on entry.posting_id = posting.id
  group by posting.id`;
const REJECTIONS = 'select transfer_id as id from rejection';
const ACCOUNTS = 'select id, currency, balance_minor as "balanceMinor" from account';
const OUTBOX = `
  select count(*) filter (where sequence > settled_sequence) as waiting,
         count(*) filter (where sequence > settled_sequence is not true) as sent
  from outbox_message left join outbox_lane using (key)`;
const REPEATS = 'select coalesce(sum(repeats), 0) as repeats from inbox_message';

/**
 * Reads the books, each database in one snapshot. `accounts` first: while money moves, a transfer recorded between the
 * two reads then looks unsettled, which passes, and not like a phantom.
 */
export async function readBooks(urls: BankUrls): Promise<Books> {
  const ledger = await inSnapshot(urls.accounts, async (database) => ({
    postings: (await database.query<PostingRow>(POSTINGS)).rows.map(toPosting),
    rejections: (await database.query<{ id: string }>(REJECTIONS)).rows.map(({ id }) => id),
    accounts: (await database.query<AccountRow>(ACCOUNTS)).rows.map(toAccount),
  }));
  const orders = await inSnapshot(urls.transactions, async (database) => ({
    transfers: (await database.query<TransferRow>(TRANSFERS)).rows.map(toTransfer),
    transfersInOutbox: new Set((await database.query<{ id: string }>(IN_OUTBOX)).rows.map(({ id }) => id)),
  }));
  return { ...ledger, ...orders };
}

/** Counts what waits, what went, and what the inboxes swallowed. */
export async function readTraffic(urls: BankUrls): Promise<Traffic> {
  const read = (url: string) =>
    inSnapshot(url, async (database) => ({
      outbox: (await database.query<{ waiting: string; sent: string }>(OUTBOX)).rows[0],
      inbox: (await database.query<{ repeats: string }>(REPEATS)).rows[0],
    }));
  const [transactions, accounts] = await Promise.all([read(urls.transactions), read(urls.accounts)]);
  return {
    waiting: Number(transactions.outbox?.waiting),
    sent: Number(transactions.outbox?.sent),
    outcomesWaiting: Number(accounts.outbox?.waiting),
    repeats: Number(transactions.inbox?.repeats) + Number(accounts.inbox?.repeats),
  };
}

/** The time by the clock that stamps the transfers. */
export async function clockOf(url: string): Promise<Date> {
  return inSnapshot(url, async (database) => {
    const { rows } = await database.query<{ now: Date }>('select clock_timestamp() as now');
    return rows[0]?.now ?? new Date(Number.NaN);
  });
}

async function inSnapshot<Value>(url: string, read: (database: Client) => Promise<Value>): Promise<Value> {
  const database = new Client({ connectionString: url });
  await database.connect();
  try {
    await database.query('begin isolation level repeatable read read only');
    return await read(database);
  } finally {
    await database.end();
  }
}

type TransferRow = Omit<RecordedTransfer, 'amountMinor'> & { amountMinor: string };
type AccountRow = Omit<LedgerAccount, 'balanceMinor'> & { balanceMinor: string };
interface PostingRow {
  id: string;
  transferId: string | null;
  currency: string;
  accountIds: (string | null)[];
  amounts: (string | null)[];
}

function toTransfer(row: TransferRow): RecordedTransfer {
  return { ...row, amountMinor: BigInt(row.amountMinor) };
}

function toAccount(row: AccountRow): LedgerAccount {
  return { ...row, balanceMinor: BigInt(row.balanceMinor) };
}

/** A posting without entries comes as one entry of nulls from the outer join. */
function toPosting({ id, transferId, currency, accountIds, amounts }: PostingRow): LedgerPosting {
  const entries = accountIds.flatMap((accountId, index) => {
    const amount = amounts[index];
    return accountId === null || amount == null ? [] : [{ accountId, amountMinor: BigInt(amount) }];
  });
  return { id, transferId, currency, entries };
}
