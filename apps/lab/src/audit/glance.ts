import { inSnapshot, type BankUrls, type Read } from './read-books.js';

/** A quick look at both databases while the system works: what must hold at any moment, and what is worth plotting. */
export interface Glance {
  /** By the clock of the reader, when it began. */
  readonly at: Date;
  /** The sum of the balances of each currency, in minor units as text. */
  readonly sumsMinor: Readonly<Record<string, string>>;
  /** Accounts whose balance is not the sum of their entries. */
  readonly offAccounts: readonly string[];
  /** The transfers that were posted or rejected, as `accounts` says. */
  readonly ended: ReadonlyMap<string, 'posted' | 'rejected'>;
  /** Every transfer that is recorded, read after what has ended. */
  readonly transfers: ReadonlyMap<string, TransferStatus>;
  /** What each pending transfer is to move, in minor units. */
  readonly pendingMinor: ReadonlyMap<string, bigint>;
  /** Where the event of each pending transfer is, as far as its outbox knows. */
  readonly requests: ReadonlyMap<string, 'waiting' | 'published'>;
  /** Events that wait in each outbox. */
  readonly outboxDepth: { readonly transactions: number; readonly accounts: number };
}

export type TransferStatus = 'pending' | 'posted' | 'rejected';

const SUMS = 'select currency, sum(balance_minor)::text as sum from account group by currency';
const OFF_ACCOUNTS = `
  select account.id from account left join entry on entry.account_id = account.id
  group by account.id having balance_minor <> coalesce(sum(amount_minor), 0)`;
const ENDED = 'select transfer_id as id, outcome as status from settlement';
const TRANSFERS = 'select id, status from transfer';
const PENDING = `select id, amount_minor::text as amount from transfer where status = 'pending'`;
/** Stored before the oldest pending one was ordered: about others. So only few envelopes are looked into. */
const REQUESTS = `
  select envelope::jsonb #>> '{data,transferId}' as id, bool_or(sequence > settled_sequence) as waiting
  from outbox_message left join outbox_lane using (key)
  where created_at >= (select min(requested_at) from transfer where status = 'pending')
  group by 1`;
const DEPTH = `
  select count(*)::int as waiting
  from outbox_lane join outbox_message using (key) where sequence > settled_sequence`;

/** Looks: accounts first, transactions second, so that whatever has ended by the first must be recorded in the second. */
export async function readGlance(urls: BankUrls): Promise<Glance> {
  const at = new Date();
  const { depth: accounts, ...ledger } = await inSnapshot(urls.accounts, async (read) => ({
    sumsMinor: Object.fromEntries(
      (await read<{ currency: string; sum: string }>(SUMS)).map(({ currency, sum }) => [currency, sum]),
    ),
    offAccounts: (await read<{ id: string }>(OFF_ACCOUNTS)).map(({ id }) => id),
    ended: await statuses<'posted' | 'rejected'>(read, ENDED),
    depth: await depthOf(read),
  }));
  const { depth: transactions, ...orders } = await inSnapshot(urls.transactions, async (read) => ({
    transfers: await statuses<TransferStatus>(read, TRANSFERS),
    pendingMinor: new Map(
      (await read<{ id: string; amount: string }>(PENDING)).map(({ id, amount }) => [id, BigInt(amount)]),
    ),
    requests: new Map(
      (await read<{ id: string; waiting: boolean | null }>(REQUESTS)).map(({ id, waiting }) => [
        id,
        waiting === true ? ('waiting' as const) : ('published' as const),
      ]),
    ),
    depth: await depthOf(read),
  }));
  return { at, ...ledger, ...orders, outboxDepth: { transactions, accounts } };
}

async function statuses<Status>(read: Read, statement: string): Promise<Map<string, Status>> {
  const rows = await read<{ id: string; status: Status }>(statement);
  return new Map(rows.map(({ id, status }) => [id, status]));
}

async function depthOf(read: Read): Promise<number> {
  return (await read<{ waiting: number }>(DEPTH))[0]?.waiting ?? Number.NaN;
}

/** Where the pending transfers of a glance are; each is in one place. */
export interface Whereabouts {
  /** Its event waits in the outbox. */
  readonly inOutbox: readonly string[];
  /** Its event was published, and it has not ended yet. */
  readonly onChannel: readonly string[];
  /** It has ended, and `transactions` has not heard of it yet. */
  readonly onWayBack: readonly string[];
  /** None of these: with an outbox, that never is. */
  readonly nowhere: readonly string[];
}

/**
 * @param onChannel what the broker has, read after the glance; by default what the outbox calls published is believed
 */
export function whereaboutsOf(glance: Glance, onChannel?: ReadonlySet<string>): Whereabouts {
  const places: Record<keyof Whereabouts, string[]> = {
    inOutbox: [],
    onChannel: [],
    onWayBack: [],
    nowhere: [],
  };
  for (const [id, status] of glance.transfers) {
    if (status === 'pending') places[placeOf(id, glance, onChannel)].push(id);
  }
  return places;
}

function placeOf(
  id: string,
  { ended, requests }: Glance,
  onChannel: ReadonlySet<string> | undefined,
): keyof Whereabouts {
  if (ended.has(id)) return 'onWayBack';
  const request = requests.get(id);
  if (request === 'waiting') return 'inOutbox';
  return (onChannel?.has(id) ?? request === 'published') ? 'onChannel' : 'nowhere';
}

/**
 * What must never be, at any moment, one sentence each. Pure.
 * @param onChannel as {@link whereaboutsOf} takes it
 */
export function glanceFaults(glance: Glance, onChannel?: ReadonlySet<string>): string[] {
  const { sumsMinor, offAccounts, ended, transfers } = glance;
  const statusesKnown = [...transfers].filter(
    ([, status]) => !['pending', 'posted', 'rejected'].includes(status),
  );
  const contradicted = [...ended].filter(([id, outcome]) => {
    const status = transfers.get(id);
    return status !== undefined && status !== 'pending' && status !== outcome;
  });
  return [
    ...Object.entries(sumsMinor)
      .filter(([, sum]) => sum !== '0')
      .map(([currency, sum]) => `the balances in ${currency} sum to ${sum} and not to zero`),
    ...offAccounts.map((id) => `the balance of account ${id} is not the sum of its entries`),
    ...[...ended.keys()]
      .filter((id) => !transfers.has(id))
      .map((id) => `transfer ${id} has ended and was never recorded`),
    ...contradicted.map(([id, outcome]) => `transfer ${id} was ${outcome}, and says ${transfers.get(id)}`),
    ...statusesKnown.map(
      ([id, status]) => `transfer ${id} is ${status}: neither posted nor rejected nor pending`,
    ),
    ...whereaboutsOf(glance, onChannel).nowhere.map(
      (id) => `transfer ${id} is pending, and neither in the outbox nor on the channel nor on its way back`,
    ),
  ];
}
