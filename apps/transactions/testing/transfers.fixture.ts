import type { Transfer } from '../src/transfers/transfer.entity.js';

export const DEBIT = '0198c9a0-0000-7000-8000-00000000000a';
export const CREDIT = '0198c9a0-0000-7000-8000-00000000000b';
export const UNKNOWN_ID = '0198c9a0-0000-7000-8000-0000000000ff';

/** A body of `POST /v1/transfers`. */
export const ORDER = { debitAccountId: DEBIT, creditAccountId: CREDIT, amountMinor: '1250', currency: 'EUR' };

/** A transfer as it is recorded for {@link ORDER} where nobody is asked who they are. */
export const PENDING: Transfer = {
  id: '0198c9a0-0000-7000-8000-000000000001',
  kind: 'transfer',
  reversalOf: null,
  debitAccountId: DEBIT,
  creditAccountId: CREDIT,
  amountMinor: 1_250n,
  currency: 'EUR',
  requestedBy: null,
  authority: 'bank',
  status: 'pending',
  rejectionReason: null,
  requestedAt: new Date('2026-01-02T03:04:05.678Z'),
  settledAt: null,
};
