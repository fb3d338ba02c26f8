import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DeadlineError } from '../lab.errors.js';
import { until } from '../parts/deadline.js';
import type { Supervised } from '../parts/supervised.js';
import type { ChaosStage } from './chaos-stage.js';
import {
  ACCOUNTS,
  TRANSACTIONS,
  type CableFault,
  type CableTarget,
  type Fault,
  type Instance,
} from './fault.js';

/** What a fault waits for at most: a program that another fault has ended comes back in seconds. */
const READY_MS_MAX = 30_000;
const EXIT_MS_MAX = 10_000;
const STOPPED_MS_MAX = 5_000;
/** Of a cable that is slow, in ms: some tens of round trips of one transfer make it a matter of seconds. */
const SLOW_MS = 150;

/**
 * Does a fault, and undoes it when its time is over; resolves then. It has fired once `onStruck` is called, which is
 * after what it does was seen: the process has ended or stands still, the cable had a connection to break.
 * @throws DeadlineError when it cannot be done
 */
export async function strike(stage: ChaosStage, fault: Fault, onStruck: () => void): Promise<void> {
  const { action, target, durationMs } = fault;
  if (action === 'roll') return roll(stage, target, onStruck);
  if (action !== 'kill' && action !== 'pause') {
    return breakCable(stage, { mode: action, target, durationMs, onStruck });
  }
  if (target !== 'broker' && target !== 'postgres') {
    const program = stage.programs.get(target);
    if (program === undefined) throw new RangeError(`there is no ${target}`);
    return action === 'kill' ? killProgram(program, onStruck) : pauseProgram(program, durationMs, onStruck);
  }
  const server = serverOf(stage, target);
  await server[action]();
  onStruck();
  await delay(durationMs);
  await (action === 'kill' ? server.restart() : server.resume());
}

/** The targets that a fault needs for itself: no two faults work on one at once. */
export function needsOf({ action, target }: Fault): readonly string[] {
  if (action !== 'roll') return [target];
  return target === 'transactions' ? TRANSACTIONS : ACCOUNTS;
}

/** Both servers are killed, paused and brought back in the same way; each keeps what it has stored. */
function serverOf({ broker, postgres }: ChaosStage, target: 'broker' | 'postgres') {
  if (target === 'postgres') return postgres;
  return {
    kill: () => broker.kill(),
    restart: () => broker.restart({ keepStore: true }),
    pause: () => Promise.resolve(broker.pause()),
    resume: () => Promise.resolve(broker.resume()),
  };
}

async function killProgram(program: Supervised, onStruck: () => void): Promise<void> {
  await pidOf(program);
  const count = program.exits.length + 1;
  program.kill('SIGKILL');
  const { signal } = await program.waitForExit(count, EXIT_MS_MAX);
  if (signal !== 'SIGKILL') throw new DeadlineError(`${program.name} to be killed`, EXIT_MS_MAX);
  onStruck();
}

async function pauseProgram(program: Supervised, durationMs: number, onStruck: () => void): Promise<void> {
  const pid = await pidOf(program);
  program.kill('SIGSTOP');
  try {
    await until(`${program.name} to stand still`, STOPPED_MS_MAX, async () =>
      (await standsStill(pid)) ? true : undefined,
    );
    onStruck();
    await delay(durationMs);
  } finally {
    program.kill('SIGCONT');
  }
}

async function pidOf(program: Supervised): Promise<number> {
  return until(`${program.name} to run`, READY_MS_MAX, () => program.pid);
}

/** Where the system does not say, the signal is believed. */
async function standsStill(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}

async function roll(
  stage: ChaosStage,
  service: 'transactions' | 'accounts',
  onStruck: () => void,
): Promise<void> {
  const names: readonly Instance[] = service === 'transactions' ? TRANSACTIONS : ACCOUNTS;
  for (const [index, name] of names.entries()) {
    const instance = stage.service(name);
    await pidOf(instance);
    await instance.stop();
    if (index === 0) onStruck();
    const mark = instance.log.end;
    instance.start();
    await instance.waitUntilListening(mark);
  }
}

interface Break {
  readonly mode: CableFault;
  readonly target: CableTarget;
  readonly durationMs: number;
  readonly onStruck: () => void;
}

async function breakCable(stage: ChaosStage, { mode, target, durationMs, onStruck }: Break): Promise<void> {
  const cable = stage.cables.get(target);
  if (cable === undefined) throw new RangeError(`there is no cable ${target}`);
  await until(`a connection through ${target}`, READY_MS_MAX, () =>
    cable.connections > 0 ? true : undefined,
  );
  try {
    await cable.set(mode, { delayMs: SLOW_MS });
    onStruck();
    await delay(durationMs);
  } finally {
    await cable.set('mended');
  }
}
