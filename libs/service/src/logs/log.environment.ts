import { z } from 'zod';

/** The environment variables of the log, for a service's own schema. */
export const logEnvironment = {
  /** The least that is written. */
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** `json`: one JSON object a line, for a machine; `text`: the same for a person. */
  LOG_FORMAT: z.enum(['json', 'text']).default('json'),
};

/** What {@link logEnvironment} yields. */
export type LogEnvironment = z.output<z.ZodObject<typeof logEnvironment>>;
