import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../lab.errors.js';
import type { ChaosStage } from './chaos-stage.js';
import type { Fault } from './fault.js';
import type { FaultRecord, History } from './history.js';
import { needsOf, strike } from './strike.js';
import { nameOf } from './verdict.js';

/** Who is told of the faults, as they happen. */
export interface InflictOptions {
  readonly history: History;
  readonly onFault: (record: FaultRecord) => void;
  /** Breaks the waiting for the next fault off. */
  readonly signal: AbortSignal;
}

/**
 * Does every fault of a plan at its time, or as soon as those before it on the same target are over. Resolves when all
 * are over.
 */
export async function inflict(
  stage: ChaosStage,
  plan: readonly Fault[],
  options: InflictOptions,
): Promise<FaultRecord[]> {
  const { history, signal } = options;
  const turns = new Map<string, Promise<FaultRecord>>();
  const records: Promise<FaultRecord>[] = [];
  for (const fault of plan) {
    await delay(Math.max(0, fault.atMs - history.nowMs), undefined, { signal });
    const needs = needsOf(fault);
    const before = Promise.all(needs.flatMap((target) => turns.get(target) ?? []));
    const record = before.then(() => inflictOne(stage, fault, options));
    for (const target of needs) turns.set(target, record);
    records.push(record);
  }
  return Promise.all(records);
}

async function inflictOne(
  stage: ChaosStage,
  fault: Fault,
  { history, onFault }: InflictOptions,
): Promise<FaultRecord> {
  const name = nameOf(fault);
  let record: FaultRecord = { fault };
  try {
    await strike(stage, fault, () => {
      record = { ...record, struckAtMs: history.nowMs };
      history.write({ what: 'struck', fault: fault.number, name });
    });
    record = { ...record, overAtMs: history.nowMs };
    history.write({ what: 'over', fault: fault.number, name });
  } catch (error) {
    record = { ...record, error: messageOf(error) };
    history.write({ what: 'failed', fault: fault.number, name });
  }
  onFault(record);
  return record;
}
