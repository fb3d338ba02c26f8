import type { Audit, Finding } from '../audit/audit.js';
import { kindOf, type Fault } from './fault.js';
import type { FaultRecord, Reading } from './history.js';

/** Everything that a run has left behind, as it was recorded. */
export interface Remains {
  readonly faults: readonly FaultRecord[];
  readonly readings: readonly Reading[];
  /** Of the books at the end, and of what the clients were told. */
  readonly audit: Audit;
  /** Where the order of publication was not that of the numbers. */
  readonly outOfOrder: readonly string[];
  /** Answers that no order may be given. */
  readonly surprises: readonly string[];
  /** From the last mend until nothing was on its way any more, in ms; null: not within the bound. */
  readonly recoveryMs: number | null;
}

/** Leases, restarts and redeliveries take seconds each; far beyond their sum, something does not move. */
export const RECOVERY_MS_MAX = 60_000;
const EXAMPLES_MAX = 3;

/**
 * What is wrong with a run, one sentence each: nothing when every promise was kept and every fault has fired. Pure.
 *
 * - What was accepted is posted or rejected exactly once, what was refused has moved nothing, and what is unknown is one
 *   or the other: the auditor's classes and its disagreements say so.
 * - Balances sum to zero at every reading, and what is pending is somewhere.
 * - The first publications of a key are in the order of its numbers.
 * - Everything has settled within {@link RECOVERY_MS_MAX} after the last mend.
 */
export function verdictOn(remains: Remains): string[] {
  const { audit, readings, outOfOrder, surprises, recoveryMs } = remains;
  return [
    ...faultFindings(remains.faults),
    ...classFindings(audit),
    ...summed('disagreements', audit.disagreements),
    ...summed('faults of the ledger', audit.imbalances),
    ...summed(
      'faults at readings',
      readings.flatMap(({ atMs, faults }) => faults.map((text) => `at ${atMs} ms ${text}`)),
    ),
    ...summed('events out of order', outOfOrder),
    ...summed('answers that must not be', surprises),
    ...(readings.length === 0 ? ['nobody has looked while it ran'] : []),
    ...(audit.posted === 0 ? ['no money has moved'] : []),
    ...(recoveryMs === null
      ? [`not everything has settled within ${RECOVERY_MS_MAX} ms after the last mend`]
      : []),
  ];
}

/**
 * The same for a twin without an outbox, which is expected to lose: what must be so of it is that its faults fired, and
 * that something is missing in the end.
 */
export function verdictOnTwin({ faults, audit }: Remains): string[] {
  const missing = audit.lost.length + audit.stuck.length;
  return [
    ...faultFindings(faults),
    ...(missing === 0 ? ['the naive twin has lost nothing: it shows nothing'] : []),
  ];
}

/** A plan's fault in one line: `pause service accounts-a`. */
export function nameOf(fault: Fault): string {
  const { action, target } = fault;
  return action === 'roll' ? `restart ${target}, one after the other` : `${action} ${target}`;
}

/** How often each kind of fault has fired. */
export function firedByKind(faults: readonly FaultRecord[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { fault, struckAtMs } of faults) {
    const kind = kindOf(fault);
    counts.set(kind, (counts.get(kind) ?? 0) + (struckAtMs === undefined ? 0 : 1));
  }
  return counts;
}

function faultFindings(faults: readonly FaultRecord[]): string[] {
  return faults.flatMap(({ fault, struckAtMs, overAtMs, error }) => {
    if (struckAtMs === undefined)
      return [`fault ${fault.number} did not fire: ${nameOf(fault)}: ${error ?? ''}`];
    return overAtMs === undefined
      ? [`fault ${fault.number} did not end: ${nameOf(fault)}: ${error ?? ''}`]
      : [];
  });
}

function classFindings({ lost, stuck, duplicated, phantom }: Audit): string[] {
  const classes: Readonly<Record<string, readonly Finding[]>> = { lost, stuck, duplicated, phantom };
  return Object.entries(classes).flatMap(([name, findings]) =>
    summed(
      name,
      findings.map(
        ({ id, amountMinor, currency, because }) => `${id} of ${amountMinor} ${currency}: ${because}`,
      ),
    ),
  );
}

function summed(what: string, cases: readonly string[]): string[] {
  if (cases.length === 0) return [];
  const more = cases.length > EXAMPLES_MAX ? `; and ${cases.length - EXAMPLES_MAX} more` : '';
  return [`${cases.length} ${what}: ${cases.slice(0, EXAMPLES_MAX).join('; ')}${more}`];
}
