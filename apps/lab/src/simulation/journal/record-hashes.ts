/**
 * Plays schedules, one after the other in this one process, and prints the hash of each on a line of its own; before
 * and behind them `globals`, and whether this process has its own clocks, timers and dice.
 *
 *     node record-hashes.js SEED …
 */
import { Logger } from '@nestjs/common';
import { foundBank } from '../schedule/found-bank.js';
import { planOf } from '../schedule/plan.js';
import { runSchedule } from '../schedule/run-schedule.js';

/** A world's clocks stand still while nothing happens in it, and its timers never fire. */
async function globalsAreReal(): Promise<boolean> {
  const [beforeMs, before] = [Date.now(), performance.now()];
  const draws = new Set([Math.random(), Math.random(), crypto.randomUUID(), crypto.randomUUID()]);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const timer = setInterval(() => undefined, 1);
  clearInterval(timer);
  return Date.now() > beforeMs && performance.now() > before && draws.size === 4;
}

Logger.overrideLogger(false);
const bank = await foundBank();
const lines = [`globals ${await globalsAreReal()}`];
for (const seed of process.argv.slice(2).map(Number)) {
  const outcome = await runSchedule(bank, planOf(seed, bank.accountIds));
  lines.push(`${seed} ${outcome.hash()}`);
}
lines.push(`globals ${await globalsAreReal()}`);
process.stdout.write(`${lines.join('\n')}\n`);
