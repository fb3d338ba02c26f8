import { AMOUNT_MINOR_MAX, amountMinor } from '@app/contracts';
import { z } from 'zod';
import { BALANCE_MINOR_MAX, type TransferLimits } from './decide-transfer.js';

/** Under which {@link TransferLimits} are injected. */
export const TRANSFER_LIMITS = Symbol('TransferLimits');

const BALANCE_DIGITS_MAX = BALANCE_MINOR_MAX.toString().length;

/** The environment variables that set the limits, in minor units of each currency. */
export const ledgerEnvironment = {
  /** The most that one transfer or withdrawal takes from an account. Default: the most that a transfer may be of. */
  TRANSFER_LIMIT_MINOR: amountMinor.transform(BigInt).default(AMOUNT_MINOR_MAX),
  /** The most that all transfers and withdrawals of a UTC day take from one account. Default: no limit. */
  DAILY_LIMIT_MINOR: z
    .string()
    .regex(
      new RegExp(`^[1-9][0-9]{0,${BALANCE_DIGITS_MAX - 1}}$`),
      `expected a whole number of minor units above zero, of at most ${BALANCE_DIGITS_MAX} digits`,
    )
    .transform(BigInt)
    .optional(),
};

/** The limits as the environment has them. */
export function transferLimitsFrom(environment: {
  readonly TRANSFER_LIMIT_MINOR: bigint;
  readonly DAILY_LIMIT_MINOR?: bigint | undefined;
}): TransferLimits {
  const { TRANSFER_LIMIT_MINOR, DAILY_LIMIT_MINOR } = environment;
  return { transferMinor: TRANSFER_LIMIT_MINOR, dailyMinor: DAILY_LIMIT_MINOR };
}
