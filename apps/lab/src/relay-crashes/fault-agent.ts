/**
 * Preloaded (`--import`) into a relay, whose program knows nothing of it: ends or stops the process at a step of the
 * library's, and may set its clocks wrong. What it is to do stands in LAB_FAULT.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';

/** What befalls one relay. */
export interface Fault {
  /** The step at which the signal is sent, when it is reached for the `occurrence`-th time (from 1). */
  readonly step: string;
  readonly occurrence: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  /** How far its clocks are ahead, in ms; negative: behind. Default: right. */
  readonly clockAheadMs?: number;
}

const STANDARD_OUTPUT = 1;

const fault = JSON.parse(process.env['LAB_FAULT'] ?? '{}') as Fault;
const counts = new Map<string, number>();

function reached(step: string): number {
  const count = (counts.get(step) ?? 0) + 1;
  counts.set(step, count);
  return count;
}

/** Every way to ask this process for the time, from here on. */
function setClocksAhead(aheadMs: number): void {
  const OwnDate = Date;
  globalThis.Date = new Proxy(OwnDate, {
    construct: (target, parts, newTarget) =>
      Reflect.construct(target, parts.length > 0 ? parts : [target.now() + aheadMs], newTarget) as Date,
    get: (target, name, receiver) =>
      name === 'now' ? () => OwnDate.now() + aheadMs : (Reflect.get(target, name, receiver) as unknown),
  });
  // It counts from the process's start, and so is never behind.
  const now = performance.now.bind(performance);
  performance.now = () => now() + Math.max(0, aheadMs);
}

if (fault.clockAheadMs !== undefined) setClocksAhead(fault.clockAheadMs);
subscribe('outbox.relay.settled', () => void reached('settled'));
subscribe(fault.step, () => {
  if (reached('fault') !== fault.occurrence) return;
  // Nothing that waits for the event loop would be written any more.
  writeSync(
    STANDARD_OUTPUT,
    `${fault.signal} at ${fault.step} after ${counts.get('settled') ?? 0} batches\n`,
  );
  process.kill(process.pid, fault.signal);
});
