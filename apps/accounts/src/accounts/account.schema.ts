import { amountMinor, currency } from '@app/contracts';
import { z } from 'zod';
import { pageQuery, pageSchema } from '../paging/page.schema.js';
import { ACCOUNT_STATUSES, type Account } from './account.js';

/** No control characters and no half surrogate pairs: a text column takes no zero byte, and changes the halves. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

const owner = z.string().trim().min(1).max(200).regex(PRINTABLE, 'expected no control characters');

/** An account's id, as the database writes it. */
export const accountIdSchema = z.uuid().toLowerCase();

/** The body of `POST /v1/accounts`. */
export const accountOpeningSchema = z.strictObject({
  /** The subject of the caller whose account it is. Default: who asks. */
  owner: owner.optional(),
  currency,
  /** Minor units, as text. */
  openingBalanceMinor: z.literal('0').or(amountMinor).default('0'),
});

/** What a caller opens. */
export type AccountOpening = z.output<typeof accountOpeningSchema>;

/** The query of `GET /v1/accounts`. */
export const accountsQuerySchema = z.strictObject({
  /** Only accounts of this owner. */
  owner: owner.optional(),
  ...pageQuery(accountIdSchema),
});

/** What a caller lists. */
export type AccountsQuery = z.output<typeof accountsQuerySchema>;

/** An account as the API shows it. */
export const accountViewSchema = z.strictObject({
  id: z.uuid(),
  owner: z.string(),
  currency,
  status: z.enum(ACCOUNT_STATUSES),
  /** Minor units of the currency, as text; below zero only on the bank's own accounts. */
  balanceMinor: z.string().regex(/^(0|-?[1-9][0-9]*)$/),
  /** One more at each change: the account's `ETag`, without its quotes. */
  version: z.string().regex(/^[1-9][0-9]*$/),
  openedAt: z.iso.datetime(),
});

/** An account as the API shows it. */
export type AccountView = z.output<typeof accountViewSchema>;

/** A page of accounts. */
export const accountsPageSchema = pageSchema(accountViewSchema);

export function viewOf(account: Account): AccountView {
  return {
    id: account.id,
    owner: account.owner,
    currency: account.currency,
    status: account.status,
    balanceMinor: account.balanceMinor.toString(),
    version: account.version.toString(),
    openedAt: account.openedAt.toISOString(),
  };
}
