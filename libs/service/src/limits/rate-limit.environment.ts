import { z } from 'zod';
import { isAccessOn, type AccessEnvironment } from '../access/access.environment.js';
import { isLoopback } from '../access/loopback.js';

/** A hundred requests each second: more than one caller needs, and less than fills the connection pool. */
const REQUESTS_PER_MINUTE = 6_000;

/** The environment variables of the rate limit, for a service's own schema. */
export const rateLimitEnvironment = {
  /** How many requests of one caller are answered in a minute; 0 counts none. */
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(0).max(1_000_000_000).optional(),
};

/**
 * The limit of a service. Without a setting there is none where only this machine reaches the service and nobody is
 * asked who they are: all callers would be one.
 */
export function rateLimitOf(
  environment: z.output<z.ZodObject<typeof rateLimitEnvironment>> & AccessEnvironment,
): number {
  const { RATE_LIMIT_PER_MINUTE, HOST } = environment;
  return RATE_LIMIT_PER_MINUTE ?? (isAccessOn(environment) || !isLoopback(HOST) ? REQUESTS_PER_MINUTE : 0);
}
