import { z } from 'zod';

/** The largest amount of one transfer in minor units: 15 digits, exact in every JSON reader. */
const AMOUNT_DIGITS_MAX = 15;

/** A positive amount in minor units of its currency, as text: a JSON number would be rounded on the way. */
export const amountMinor = z
  .string()
  .regex(
    new RegExp(`^[1-9][0-9]{0,${AMOUNT_DIGITS_MAX - 1}}$`),
    `expected a whole number of minor units above zero, as text of at most ${AMOUNT_DIGITS_MAX} digits`,
  );

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** An ISO 4217 currency code that the runtime's ICU data knows; retired ones are among them. */
export const currency = z
  .string()
  .refine((code) => CURRENCIES.has(code), 'expected an ISO 4217 currency code such as EUR');

/** Why accounts refuses a transfer. */
export const REJECTION_REASONS = ['insufficient_funds', 'account_not_found', 'currency_mismatch'] as const;

/** One of {@link REJECTION_REASONS}. */
export type RejectionReason = (typeof REJECTION_REASONS)[number];
