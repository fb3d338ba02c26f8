import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { messageOf } from '../lab.errors.js';

/** What can be typed, by name; each resolves with what is to be said. */
export type TypedCommands = Readonly<Record<string, () => Promise<string>>>;

/**
 * Runs the commands that are typed, a line each and one after the other, until the input ends. A command that fails
 * says so, and the next one is run.
 */
export async function runTyped(
  input: Readable,
  commands: TypedCommands,
  say: (text: string) => void,
): Promise<void> {
  for await (const line of createInterface({ input })) {
    const name = line.trim();
    if (name === '') continue;
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    say(
      command === undefined
        ? `${name}: expected one of ${Object.keys(commands).join(', ')}`
        : await command().catch((error: unknown) => `${name} failed: ${messageOf(error)}`),
    );
  }
}
