import { currency } from '@app/contracts';
import { z } from 'zod';

/** What the database can hold of time, and more than a bank needs. */
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

const instant = z.iso.datetime({ offset: true }).transform((text, context) => {
  const time = new Date(text);
  if (time.getTime() >= EARLIEST && time.getTime() <= LATEST) return time;
  context.addIssue('expected a time from 1970 to 9999');
  return z.NEVER;
});

/** The query of `GET /v1/reconciliation`. Times are taken to the millisecond. */
export const reconciliationQuerySchema = z.strictObject({
  /** The first instant of the span. Default: 1970, and so everything. */
  from: instant.prefault(new Date(EARLIEST).toISOString()),
  /** The first instant behind the span. Default: `closedUntil`. */
  to: instant.optional(),
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
