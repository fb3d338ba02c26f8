import { Logger } from '@nestjs/common';
import { BadOptionsError } from '../lab.errors.js';
import { Narrator } from '../demo/narrator.js';
import { EXHIBITS, play } from './exhibits.js';
import type { Exhibit } from './exhibit.js';

/**
 * `exhibit A` plays one exhibit in the terminal, both halves; `exhibit` lists them.
 *
 * @returns the exit code: 0 when everything was as described
 * @throws BadOptionsError for an exhibit that there is not
 */
export async function exhibit(commandLine: readonly string[]): Promise<number> {
  const [id, ...more] = commandLine;
  const narrator = new Narrator(process.stdout);
  if (id === undefined) {
    for (const { id, title } of EXHIBITS) narrator.write(`${id.padEnd(4)}${title}`);
    narrator.write('\nnpm run exhibit -- A   plays one');
    return 0;
  }
  const chosen = EXHIBITS.find((each) => each.id === idOf(id));
  if (chosen === undefined || more.length > 0) {
    const known = EXHIBITS.map((each) => each.id).join(', ');
    throw new BadOptionsError(`expected one of ${known}; got ${commandLine.join(' ')}`);
  }
  return tell(chosen, narrator);
}

/** As it is written in the table, A′, too. */
function idOf(given: string): string {
  return given.toUpperCase().replace(/[′'’]$/, '2');
}

async function tell(exhibit: Exhibit, narrator: Narrator): Promise<number> {
  // The provider says what it does: its lines are part of the story.
  const say = (line: unknown) => narrator.say(`  provider: ${String(line)}`);
  const silent = () => undefined;
  Logger.overrideLogger({
    log: (line: unknown, context: unknown) => (context === 'Nats' ? say(line) : undefined),
    warn: say,
    error: say,
    debug: silent,
    verbose: silent,
  });
  narrator.chapter(`Exhibit ${exhibit.id}: ${exhibit.title}`, '');
  narrator.write(exhibit.story);
  const findings = await play(exhibit, {
    half: (half) =>
      narrator.chapter(half, half === 'raw client' ? 'node-nats-streaming as it is' : 'libs/nats'),
    step: (line) => narrator.say(line),
    finding: ({ claim, seen, holds }) =>
      holds ? narrator.good(`✓ ${claim}  (${seen})`) : narrator.bad(`✗ ${claim}  (${seen})`),
  });
  const wrong = findings.filter(({ holds }) => !holds).length;
  narrator.write(
    wrong === 0 ? '\nAll as described.' : `\n${wrong} of ${findings.length} are not as described.`,
  );
  return wrong === 0 ? 0 : 1;
}
