import { z } from 'zod';
import { InvalidEnvironmentError } from './nats.errors.js';
import { EXIT_CODES } from './service-process.js';

/**
 * Validates the environment against a schema. An empty variable counts as missing: that is how compose files
 * and shells pass one on that is not set.
 *
 * @throws InvalidEnvironmentError naming every wrong and every missing variable at once; values are not
 * shown, as one of them may be a secret
 */
export function parseEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: Readonly<Record<string, unknown>>,
): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new InvalidEnvironmentError(
    result.error.issues.map((issue) => {
      const name = issue.path.join('.');
      return given[name] === undefined ? `${name} is missing` : `${name}: ${issue.message}`;
    }),
  );
}

/** The same for a process: says on standard error what is wrong, and exits with code 78. */
export function environmentOrExit<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
  try {
    return parseEnvironment(schema, process.env);
  } catch (error) {
    if (!(error instanceof InvalidEnvironmentError)) throw error;
    console.error(error.message);
    process.exit(EXIT_CODES.invalidConfiguration);
  }
}
