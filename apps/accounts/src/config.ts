import { reconciliationEnvironment, serviceEnvironment } from '@app/service';
import type { z } from 'zod';
import { ledgerEnvironment } from './ledger/ledger.environment.js';

/** The service's name: its durable queue at the broker, and the start of its client id. */
export const SERVICE = 'accounts';

/** The environment variables that every service reads, with this one's defaults. */
export const commonEnvironmentSchema = serviceEnvironment(3002);

/** The environment variables that this service reads. */
export const environmentSchema = commonEnvironmentSchema.safeExtend({
  ...ledgerEnvironment,
  ...reconciliationEnvironment,
});

/** The validated environment of this service. */
export type AccountsEnvironment = z.output<typeof environmentSchema>;
