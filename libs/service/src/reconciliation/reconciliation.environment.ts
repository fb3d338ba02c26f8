import { z } from 'zod';

/** The longest lag in ms: a day. */
const LAG_MAX_MS = 86_400_000;

/** The environment variables of the reconciliation, for a service's own schema. */
export const reconciliationEnvironment = {
  /** How far behind the clock a span ends that `/v1/reconciliation` calls closed. */
  RECONCILIATION_LAG_MS: z.coerce.number().int().min(0).max(LAG_MAX_MS).default(60_000),
};
