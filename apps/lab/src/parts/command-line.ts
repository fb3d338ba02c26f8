import { parseArgs, type ParseArgsConfig } from 'node:util';
import { BadOptionsError, messageOf } from '../lab.errors.js';

/**
 * The options of a command line, as `parseArgs` knows them.
 * @param help what the error goes on with
 * @throws BadOptionsError for an option that there is not, or that has no value
 */
export function parseCommandLine<const Options extends NonNullable<ParseArgsConfig['options']>>(
  commandLine: readonly string[],
  options: Options,
  help: string,
) {
  try {
    return parseArgs({ args: [...commandLine], options }).values;
  } catch (cause) {
    throw new BadOptionsError(`${messageOf(cause)}\n\n${help}`, { cause });
  }
}

/**
 * Refuses a command line for everything that is wrong with it.
 * @throws BadOptionsError unless there is nothing
 */
export function refuseFor(problems: readonly string[], help: string): void {
  if (problems.length > 0) throw new BadOptionsError(`${problems.join('\n')}\n\n${help}`);
}

/** What is wrong with an option that must be a whole number, if anything. */
export function notWhole(
  name: string,
  text: string,
  { least, most }: { readonly least: number; readonly most: number },
): string[] {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return [];
  return [`${name} needs a whole number from ${least} to ${most}; got ${text}`];
}
