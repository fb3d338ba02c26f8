/**
 * A process that runs schedules: the simulation replaces the clocks of the process that it is in. On its command line
 * stand the safeguards that it takes out of the services before it loads them.
 */
import { Logger } from '@nestjs/common';
import { foundBank, type FoundedBank } from '../schedule/found-bank.js';
import { runSchedule } from '../schedule/run-schedule.js';
import { plantInBank } from './plant-in-bank.js';
import type { Report, Task, WorkerMessage } from './worker-protocol.js';

const ran = new Set<string>();

async function reportOn(bank: FoundedBank, { plan, telling }: Task): Promise<Report> {
  const { findings, hash, choices, struck, elapsedMs, story } = await runSchedule(bank, plan, { telling });
  return {
    findings,
    hash: hash(),
    choices,
    struck: struck.map((fault) => plan.faults.indexOf(fault)),
    elapsedMs,
    story,
    ran: [...ran],
  };
}

function say(message: WorkerMessage): void {
  process.send?.(message);
}

// Whoever started it has ended.
process.once('disconnect', () => process.exit(1));
Logger.overrideLogger(false);
plantInBank(process.argv.slice(2), (mark) => ran.add(mark));
const bank = await foundBank();
process.on('message', (task) => {
  reportOn(bank, task as Task).then(
    (report) => say({ kind: 'report', report }),
    (error: unknown) =>
      say({ kind: 'broken off', reason: error instanceof Error ? String(error.stack) : String(error) }),
  );
});
say({ kind: 'ready', accountIds: bank.accountIds });
