import { currency } from '@app/contracts';
import { z } from 'zod';
import { instantSchema } from '@app/service';

/** The query of `GET /v1/reconciliation`: a span of the transfers' request time. */
export const reconciliationQuerySchema = z.strictObject({
  /** Requested then or later; default: since the first one. */
  from: instantSchema.optional(),
  /** Requested before then; default: `closedUntil`. */
  to: instantSchema.optional(),
});

/** What a caller asks for. */
export type ReconciliationQuery = z.output<typeof reconciliationQuerySchema>;

const sumSchema = z.strictObject({
  count: z.int().min(0),
  /** The sum in minor units, as text. */
  amountMinor: z.string().regex(/^\d+$/),
});

/** Counts and sums by currency, as the other service answers them. */
export const reconciliationSchema = z.strictObject({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** Until then nothing is recorded any more. */
  closedUntil: z.iso.datetime(),
  /** Whether the whole span is; the two services can be compared then, but for what is pending. */
  closed: z.boolean(),
  currencies: z.array(
    z.strictObject({ currency, posted: sumSchema, rejected: sumSchema, pending: sumSchema }),
  ),
});

/** Counts and sums by currency, as the other service answers them. */
export type Reconciliation = z.output<typeof reconciliationSchema>;
