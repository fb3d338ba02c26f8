import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import { BadOptionsError } from '../lab.errors.js';
import { Narrator } from '../demo/narrator.js';
import { soak, type SoakReport } from './soak.js';

const ROUNDS_DEFAULT = 200;
const ROUNDS_MAX = 100_000;
const SEED_MAX = 2 ** 32 - 1;

/**
 * `soak-nats [--rounds N] [--seed N]`: prints its seed first, so that a run that fails can be repeated.
 *
 * @returns the exit code: 0 when nothing is wrong
 * @throws BadOptionsError
 */
export async function soakNats(commandLine: readonly string[]): Promise<number> {
  const { rounds, seed } = optionsFrom(commandLine);
  Logger.overrideLogger(false);
  const narrator = new Narrator(process.stdout);
  narrator.chapter(`${rounds} rounds`, `seed ${seed}`);
  const onRound = (round: number, name: string, target: string) =>
    narrator.say(`${String(round).padStart(4)}  ${name} (${target})`);
  const report = await soak({ rounds, seed, onRound });
  tell(narrator, report);
  return report.problems.length === 0 ? 0 : 1;
}

function tell(narrator: Narrator, report: SoakReport): void {
  const { acked, refused, unknown } = report.outcomes;
  narrator.chapter('What came of it', `seed ${report.seed}`);
  narrator.say(`${report.created} messages, ${report.settled} settled, ${report.deliveries} deliveries`);
  narrator.say(`publishes: ${acked} acknowledged, ${refused} refused, ${unknown} unknown`);
  for (const [name, { planned, occurred }] of Object.entries(report.cases))
    narrator.say(`${name}: planned ${planned}, occurred ${occurred}`);
  narrator.say(`missing with the broker's store: ${report.missing.join(', ') || 'none'}`);
  for (const problem of report.problems) narrator.bad(problem);
  if (report.problems.length === 0)
    narrator.good('No wrong settlement; nothing lost but what the broker lost.');
}

function optionsFrom(commandLine: readonly string[]): { rounds: number; seed: number } {
  try {
    const { values } = parseArgs({
      args: [...commandLine],
      options: { rounds: { type: 'string' }, seed: { type: 'string' } },
    });
    return {
      rounds: numberFrom('--rounds', values.rounds, ROUNDS_MAX) ?? ROUNDS_DEFAULT,
      seed: numberFrom('--seed', values.seed, SEED_MAX) ?? randomInt(SEED_MAX),
    };
  } catch (cause) {
    throw new BadOptionsError(`${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function numberFrom(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= max) return number;
  throw new RangeError(`${name} needs a whole number up to ${max}; got ${text}`);
}
