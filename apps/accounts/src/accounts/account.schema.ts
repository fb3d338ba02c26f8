import { amountMinor, currency } from '@app/contracts';
import { z } from 'zod';
import type { Account } from './account.entity.js';

/** No control characters and no half surrogate pairs: a text column takes no zero byte, and changes the halves. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

/** The body of `POST /v1/accounts`. */
export const accountOpeningSchema = z.strictObject({
  owner: z.string().trim().min(1).max(200).regex(PRINTABLE, 'expected no control characters'),
  currency,
  /** Minor units, as text. */
  openingBalanceMinor: z.literal('0').or(amountMinor).default('0'),
});

/** What a caller opens. */
export type AccountOpening = z.output<typeof accountOpeningSchema>;

/** An account as the API shows it. */
export interface AccountView {
  readonly id: string;
  readonly owner: string;
  readonly currency: string;
  readonly balanceMinor: string;
  readonly openedAt: string;
}

export function viewOf(account: Account): AccountView {
  return {
    id: account.id,
    owner: account.owner,
    currency: account.currency,
    balanceMinor: account.balanceMinor.toString(),
    openedAt: account.openedAt.toISOString(),
  };
}
