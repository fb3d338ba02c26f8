import { Secret } from '@app/nats';
import { z } from 'zod';

/** Below this a token could be guessed. */
const TOKEN_LENGTH_MIN = 16;

/** The environment variables of `/ops`, for a service's own schema. */
export const opsEnvironment = {
  /** Whoever sends it as a bearer token may look at the outbox and change it. Without it there is no `/ops`. */
  OUTBOX_OPS_TOKEN: z
    .string()
    .min(TOKEN_LENGTH_MIN)
    .transform((token) => new Secret(token))
    .optional(),
};
