import { kindsOf } from '../../mutants/checks/finding.js';
import { textTable } from '../../parts/text-table.js';
import { complaintOn } from '../hunt/complaint.js';
import type { Hunted } from '../hunt/hunt.js';
import type { Plan } from '../schedule/plan.js';

/** A row for each hunt. */
export function renderHunts(hunted: readonly Hunted[]): string {
  const head = ['without', 'schedules', 'found', 'smallest plan'];
  const rows = hunted.map((one) => [
    one.mutants.join(' + '),
    String(one.schedules),
    resultOf(one),
    one.failure ? sizeOf(one.failure.shrunk.plan) : '',
  ]);
  return textTable([head, ...rows], { isNumeric: (column) => head[column] === 'schedules' });
}

/** One line for a hunt that has ended. */
export function describeHunt(hunted: Hunted): string {
  const { mutants, schedules, marks } = hunted;
  return `without ${mutants.join(' and ')}: ${resultOf(hunted)}, ${schedules} schedules (ran: ${marks.ran.join(', ')})`;
}

/** What of a hunt is written as data. */
export function huntAsData(hunted: Hunted): object {
  const { mutants, schedules, failure } = hunted;
  return {
    mutants,
    schedules,
    complaint: complaintOn(hunted),
    seed: failure?.whole.plan.seed,
    findings: failure?.whole.report.findings,
    shrunk: failure && {
      tries: failure.shrunk.tries,
      plan: failure.shrunk.plan,
      findings: failure.shrunk.report.findings,
    },
  };
}

function resultOf(hunted: Hunted): string {
  return complaintOn(hunted) ?? kindsOf(hunted.failure?.whole.report.findings ?? []).join(', ');
}

function sizeOf({ orders, faults }: Plan): string {
  return `orders: ${orders.length}, faults: ${faults.length}`;
}
