import { natsEnvironment, natsRules } from '@app/nats';
import { outboxEnvironment, outboxRules } from '@app/outbox';
import { z } from 'zod';
import { accessEnvironment, accessRules } from './access/access.environment.js';
import { rateLimitEnvironment } from './limits/rate-limit.environment.js';
import { logEnvironment } from './logs/log.environment.js';
import { opsEnvironment } from './ops/ops.environment.js';

/**
 * The environment variables of a service, each with its default; one without is required.
 *
 * @param portDefault where the service listens unless `PORT` says otherwise
 */
export function serviceEnvironment(portDefault: number) {
  const variables = z.object({
    HOST: z.string().min(1).default('127.0.0.1'),
    /** 0 takes any free port. */
    PORT: z.coerce.number().int().min(0).max(65_535).default(portDefault),
    DATABASE_URL: z
      .string()
      .refine(
        (url) => /^postgres(ql)?:\/\/./.test(url) && URL.canParse(url),
        'expected postgres://user:password@host:port/database',
      ),
    /** At least 2: migrations hold a lock on one connection while they run on another. */
    DATABASE_POOL_MAX: z.coerce.number().int().min(2).max(1_000).default(10),
    SHUTDOWN_TIMEOUT_MS: z.coerce.number().int().min(1).max(3_600_000).default(10_000),
    ...natsEnvironment,
    ...outboxEnvironment,
    ...opsEnvironment,
    ...accessEnvironment,
    ...rateLimitEnvironment,
    ...logEnvironment,
  });
  return variables.check(natsRules, outboxRules, accessRules);
}

/** The validated environment of a service. */
export type ServiceEnvironment = z.output<ReturnType<typeof serviceEnvironment>>;
