import * as isoCurrencies from 'dinero.js/bigint/currencies';
import { v5 as uuidv5 } from 'uuid';
import { z } from 'zod';

/** The largest amount of one transfer in minor units: 15 digits, exact in every JSON reader. */
export const AMOUNT_MINOR_MAX = 999_999_999_999_999n;

const AMOUNT_DIGITS_MAX = AMOUNT_MINOR_MAX.toString().length;

/** A positive amount in minor units of its currency, as text: a JSON number would be rounded on the way. */
export const amountMinor = z
  .string()
  .regex(
    new RegExp(`^[1-9][0-9]{0,${AMOUNT_DIGITS_MAX - 1}}$`),
    `expected a whole number of minor units above zero, as text of at most ${AMOUNT_DIGITS_MAX} digits`,
  );

/** ISO 4217 gives the two currencies that are divided by five a decimal exponent all the same. */
const EXPONENT_OF_FIFTHS = 2;

const EXPONENTS: ReadonlyMap<string, number> = new Map(
  Object.values(isoCurrencies).map(({ code, base, exponent }) => [
    code,
    base === 10n ? Number(exponent) : EXPONENT_OF_FIFTHS,
  ]),
);

/** The codes of ISO 4217, in their order. */
export const CURRENCIES: readonly string[] = [...EXPONENTS.keys()].sort();

/** An ISO 4217 currency code. */
export const currency = z
  .string()
  .refine((code) => EXPONENTS.has(code), 'expected an ISO 4217 currency code such as EUR');

/**
 * How many decimal digits the minor unit of a currency stands behind the point: EUR 2, JPY 0, KWD 3.
 *
 * @throws RangeError if it is not a code of ISO 4217
 */
export function exponentOf(code: string): number {
  const exponent = EXPONENTS.get(code);
  if (exponent === undefined) throw new RangeError(`${code} is not an ISO 4217 currency code`);
  return exponent;
}

/** The namespace of the system accounts' ids (RFC 9562, version 5); any other would do, and none may follow. */
const SYSTEM_ACCOUNTS = '019a0000-0000-7000-8000-6261006e6b00';

const SYSTEM_ACCOUNT_IDS: ReadonlyMap<string, string> = new Map(
  CURRENCIES.map((code) => [code, uuidv5(code, SYSTEM_ACCOUNTS)]),
);
const SYSTEM_ACCOUNT_ID_SET: ReadonlySet<string> = new Set(SYSTEM_ACCOUNT_IDS.values());

/**
 * The bank's own account in a currency: where deposits come from and withdrawals go. Both services can name it without
 * asking each other, since its id follows from the currency.
 *
 * @throws RangeError if it is not a code of ISO 4217
 */
export function systemAccountId(code: string): string {
  const id = SYSTEM_ACCOUNT_IDS.get(code);
  if (id === undefined) throw new RangeError(`${code} is not an ISO 4217 currency code`);
  return id;
}

/** Whether it is the bank's own account in any currency. */
export function isSystemAccountId(accountId: string): boolean {
  return SYSTEM_ACCOUNT_ID_SET.has(accountId);
}

/**
 * What a transfer is for. All are two entries; a `deposit` comes from the currency's system account, a `withdrawal` goes
 * there, a `reversal` is the opposite of a transfer that was posted.
 */
export const TRANSFER_KINDS = ['transfer', 'deposit', 'withdrawal', 'reversal'] as const;

/** One of {@link TRANSFER_KINDS}. */
export type TransferKind = (typeof TRANSFER_KINDS)[number];

/**
 * On whose word a transfer is ordered: `owner`, who may move only what is theirs, or the `bank`, who may move
 * everything.
 */
export const AUTHORITIES = ['owner', 'bank'] as const;

/** One of {@link AUTHORITIES}. */
export type Authority = (typeof AUTHORITIES)[number];

/** Why accounts refuses a transfer. A new reason is known to who hears it before it is said. */
export const REJECTION_REASONS = [
  'insufficient_funds',
  'account_not_found',
  'account_frozen',
  'account_closed',
  'currency_mismatch',
  'same_account',
  'limit_exceeded',
] as const;

/** One of {@link REJECTION_REASONS}. */
export type RejectionReason = (typeof REJECTION_REASONS)[number];
