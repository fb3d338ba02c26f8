import { currency } from '@app/contracts';
import { instantSchema } from '@app/service';
import { z } from 'zod';

/** The query of `GET /v1/reconciliation`. Times are taken to the millisecond. */
export const reconciliationQuerySchema = z.strictObject({
  /** The first instant of the span. Default: 1970, and so everything. */
  from: instantSchema.prefault(new Date(0).toISOString()),
  /** The first instant behind the span. Default: `closedUntil`. */
  to: instantSchema.optional(),
});

/** What span is asked for. */
export type ReconciliationQuery = z.output<typeof reconciliationQuerySchema>;

const total = z.strictObject({
  count: z.int().min(0),
  /** Minor units, as text. */
  amountMinor: z.string().regex(/^(0|[1-9][0-9]*)$/),
});

/** What became of the transfers that were ordered within a span. */
export const reconciliationViewSchema = z.strictObject({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** What was ordered before this should have ended by now. */
  closedUntil: z.iso.datetime(),
  /** Whether the span ends no later than that: only then do the two services have to agree. */
  closed: z.boolean(),
  /** The currencies that something was ordered in, by their codes. */
  currencies: z.array(z.strictObject({ currency, posted: total, rejected: total })),
});

/** What became of the transfers that were ordered within a span. */
export type ReconciliationView = z.output<typeof reconciliationViewSchema>;
