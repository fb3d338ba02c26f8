import { audit } from '../audit/audit.js';
import { readBooks, readTraffic } from '../audit/read-books.js';
import { readChannel, transfersIn } from '../audit/witness.js';
import { formatMoney } from '../demo/money.js';
import { DeadlineError } from '../lab.errors.js';
import type { Ground } from '../parts/parts.js';
import { readRows } from '../parts/sql.js';

/** As many as fit on a screen; the sums are over all. */
const SHOWN_MAX = 8;
/** A channel on which nothing was ever published gives nothing, however long one waits. */
const WITNESS_MS_MAX = 2_000;

const LATEST_TRANSFERS = `
  select id, kind, amount_minor as "amountMinor", currency, status from transfer
  order by requested_at desc, id desc limit ${SHOWN_MAX}`;
const FIRST_ACCOUNTS = `
  select owner, currency, balance_minor as "amountMinor" from account where kind = 'customer'
  order by opened_at, id limit ${SHOWN_MAX}`;

interface TransferRow {
  readonly id: string;
  readonly kind: string;
  readonly amountMinor: string;
  readonly currency: string;
  readonly status: string;
}
interface AccountRow {
  readonly owner: string;
  readonly currency: string;
  readonly amountMinor: string;
}

/** Reads both databases and the broker's channel, and says in some lines whether they agree. */
export async function look({ databases, broker, channelPrefix }: Ground): Promise<string> {
  const transfers = await readRows<TransferRow>(databases.transactions, LATEST_TRANSFERS);
  const accounts = await readRows<AccountRow>(databases.accounts, FIRST_ACCOUNTS);
  const { waiting } = await readTraffic(databases);
  const found = audit(await readBooks(databases));
  const channel = `${channelPrefix}transfer.requested`;
  const witnessed = await readChannel(broker, channel, WITNESS_MS_MAX).then(transfersIn, (error: unknown) => {
    if (error instanceof DeadlineError) return new Set<string>();
    throw error;
  });
  const lost = found.lost.filter(({ id }) => !witnessed.has(id));
  const open = found.stuck.length + found.lost.length - lost.length;
  return [
    `transactions says: ${found.recorded} recorded`,
    ...transfers.map(({ id, kind, amountMinor, currency, status }) => {
      return `  ${kind} ${id}  ${formatMoney(BigInt(amountMinor), currency)}  ${status}`;
    }),
    `accounts says: ${found.posted} posted, ${found.rejected} rejected`,
    ...accounts.map(({ owner, currency, amountMinor }) => {
      return `  ${owner}  ${formatMoney(BigInt(amountMinor), currency)}`;
    }),
    ...(open > 0 ? [`on its way: ${open}; events that wait in the outbox: ${waiting}`] : []),
    lost.length === 0
      ? 'the auditor: nothing is lost'
      : `the auditor: ${lost.length} lost: recorded, never posted, and the broker never had it`,
    ...lost
      .slice(0, SHOWN_MAX)
      .map(({ id, amountMinor, currency }) => `  ${id}  ${formatMoney(amountMinor, currency)} missing`),
  ].join('\n');
}
