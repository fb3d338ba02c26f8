import { BadCommandLineError } from '../../outbox.errors.js';
import { plain } from '../plain.js';
import { schemaSql } from '../schema-sql.js';
import { parseCommandLine, tableNamesOf, type OutboxCommand } from './command-line.js';
import { execute, type DatabaseCommand } from './commands.js';
import { HELP } from './help.js';
import { PRINTERS, type Printable } from './print.js';

/** What the command has around it; default: this process. */
export interface CommandSurroundings {
  readonly environment: NodeJS.ProcessEnv;
  /** Standard output, and standard error. */
  readonly tell: (text: string) => void;
  readonly complain: (text: string) => void;
}

const PROCESS: CommandSurroundings = {
  environment: process.env,
  tell: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
};

/**
 * Runs the command `outbox`; never rejects.
 *
 * @returns the exit code: 0 done, 1 failed, 2 the command line is wrong
 */
export async function runOutboxCommand(
  commandLine: readonly string[],
  surroundings: CommandSurroundings = PROCESS,
): Promise<number> {
  try {
    const command = parseCommandLine(commandLine, surroundings.environment);
    if (command) return await runCommand(command, surroundings);
    surroundings.tell(HELP);
    return 0;
  } catch (error) {
    const help = error instanceof BadCommandLineError ? `\n${HELP}` : '';
    surroundings.complain(`${messageOf(error)}\n${help}`);
    return error instanceof BadCommandLineError ? 2 : 1;
  }
}

async function runCommand(command: OutboxCommand, { tell, complain }: CommandSurroundings): Promise<number> {
  if (command.name === 'sql') {
    const sql = schemaSql(tableNamesOf(command.flags));
    tell(command.flags.json ? `${JSON.stringify({ sql })}\n` : sql);
    return 0;
  }
  const result = await execute(command, (text) => complain(`${text}\n`));
  if (!result) {
    complain('There is no message of this id, or no longer\n');
    return 1;
  }
  tell(`${textOf(command, plain(result) as Printable)}\n`);
  return 0;
}

function textOf({ name, flags }: DatabaseCommand, result: Printable): string {
  return flags.json ? JSON.stringify(result, null, 2) : PRINTERS[name](result).join('\n');
}

/** A connection that is refused has its reasons in a list, and no message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
