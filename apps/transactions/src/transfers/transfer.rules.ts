import { bankEvents, systemAccountId } from '@app/contracts';
import { isBank, type Caller } from '@app/service';
import type { CashOrder, TransferOrder } from './transfer.schema.js';
import type { Transfer } from './transfer.entity.js';

/** What identifies a transfer besides what is ordered. */
export interface Stamp {
  readonly id: string;
  readonly caller: Caller;
  /** The database's time. */
  readonly now: Date;
}

/** What the kinds of transfers differ in. */
type Order = Pick<
  Transfer,
  'kind' | 'reversalOf' | 'debitAccountId' | 'creditAccountId' | 'amountMinor' | 'currency'
>;

/** A customer's order, or the bank's for a customer. */
export function transferOf(order: TransferOrder, stamp: Stamp): Transfer {
  const { debitAccountId, creditAccountId, currency } = order;
  const amountMinor = BigInt(order.amountMinor);
  return pending(
    { kind: 'transfer', reversalOf: null, debitAccountId, creditAccountId, amountMinor, currency },
    stamp,
  );
}

/** Money that comes to an account from the bank's own, or goes there. */
export function cashTransferOf(kind: 'deposit' | 'withdrawal', order: CashOrder, stamp: Stamp): Transfer {
  const { accountId, currency } = order;
  const bankAccountId = systemAccountId(currency);
  const [debitAccountId, creditAccountId] =
    kind === 'deposit' ? [bankAccountId, accountId] : [accountId, bankAccountId];
  const amountMinor = BigInt(order.amountMinor);
  return pending({ kind, reversalOf: null, debitAccountId, creditAccountId, amountMinor, currency }, stamp);
}

/** The opposite of a transfer. */
export function reversalOf(original: Transfer, stamp: Stamp): Transfer {
  const { id, debitAccountId, creditAccountId, amountMinor, currency } = original;
  return pending(
    {
      kind: 'reversal',
      reversalOf: id,
      debitAccountId: creditAccountId,
      creditAccountId: debitAccountId,
      amountMinor,
      currency,
    },
    stamp,
  );
}

/** Whether a transfer is the caller's to see: the bank sees all, everybody else what they ordered. */
export function isVisibleTo(caller: Caller, { requestedBy }: Pick<Transfer, 'requestedBy'>): boolean {
  return isBank(caller) || (requestedBy !== null && requestedBy === caller.subject);
}

/** The event that tells accounts of a recorded transfer. */
export function transferRequested(transfer: Transfer) {
  const { id, debitAccountId, creditAccountId, amountMinor, currency, requestedAt } = transfer;
  const { kind, authority, requestedBy } = transfer;
  return bankEvents.create(
    'transfer.requested',
    {
      transferId: id,
      debitAccountId,
      creditAccountId,
      amountMinor: amountMinor.toString(),
      currency,
      requestedAt: requestedAt.toISOString(),
      kind,
      authority,
      ...(requestedBy === null ? {} : { requestedBy }),
    },
    { subject: id, time: requestedAt },
  );
}

function pending(order: Order, { id, caller, now }: Stamp): Transfer {
  return {
    id,
    ...order,
    requestedBy: caller.subject ?? null,
    authority: isBank(caller) ? 'bank' : 'owner',
    status: 'pending',
    rejectionReason: null,
    requestedAt: now,
    settledAt: null,
  };
}
