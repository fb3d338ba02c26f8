/**
 * Plays the schedules of some seeds and writes what their databases have done, for `v8.deserialize`, to the standard
 * output: a list of {@link Journal}. The first one is of the bank's founding.
 *
 *     node record-journals.js SEED …
 */
import { once } from 'node:events';
import { serialize } from 'node:v8';
import { Logger } from '@nestjs/common';
import { foundBank } from '../schedule/found-bank.js';
import { planOf } from '../schedule/plan.js';
import { runSchedule } from '../schedule/run-schedule.js';
import { runAs } from '../world/simulated-process.js';
import { World } from '../world/world.js';
import { Recorder } from './recorder.js';

/**
 * What happens here at once and otherwise after a way. A real server takes a statement's snapshot when it begins to run
 * it, and who waits for a lock goes on when it is free: no other statement comes between, and none is to come between
 * here, or the two could not be compared. Every such schedule is a schedule too.
 */
const AT_ONCE: ReadonlySet<string> = new Set(['run', 'lock is free']);

function shortenWays(): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its owner below
  const { after } = World.prototype;
  World.prototype.after = function (micros, label, happen, owner) {
    if (!AT_ONCE.has(label)) return after.call(this, micros, label, happen, owner);
    runAs(owner, happen);
    return { cancel: () => undefined };
  };
}

const seeds = process.argv.slice(2).map(Number);
Logger.overrideLogger(false);
shortenWays();
const recorder = new Recorder();
const bank = await foundBank();
const journals = recorder.take('the founding');
for (const seed of seeds) {
  await runSchedule(bank, planOf(seed, bank.accountIds));
  journals.push(...recorder.take(`seed ${seed}`));
}
if (!process.stdout.write(serialize(journals))) await once(process.stdout, 'drain');
