import { reconciliationEnvironment, serviceEnvironment } from '@app/service';
import { z } from 'zod';

/** The service's name: its durable queue at the broker, and the start of its client id. */
export const SERVICE = 'transactions';

/** The environment variables that every service reads, with this one's defaults. */
export const commonEnvironmentSchema = serviceEnvironment(3001);

/** The longest setting in ms: a day. */
const DAY_MS = 86_400_000;

/** The environment variables that this service reads. */
export const environmentSchema = commonEnvironmentSchema.safeExtend({
  /** How long the answer to an Idempotency-Key is kept and replayed; then the key is as new. */
  IDEMPOTENCY_KEEP_HOURS: z.coerce.number().int().min(1).max(8_760).default(24),
  /** Beyond this age a transfer that is pending makes health degraded. */
  PENDING_AGE_MAX_MS: z.coerce.number().int().min(1_000).max(DAY_MS).default(60_000),
  ...reconciliationEnvironment,
  /** After this time without an event a stream carries a comment, or proxies on its way would end it. */
  STREAM_HEARTBEAT_MS: z.coerce.number().int().min(10).max(60_000).default(15_000),
});

/** The validated environment of this service. */
export type TransactionsEnvironment = z.output<typeof environmentSchema>;
