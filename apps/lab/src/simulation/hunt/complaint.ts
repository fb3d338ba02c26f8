import type { Hunted } from './hunt.js';

/** Why a hunt did not come out as it should; undefined if it did. */
export function complaintOn({
  failure,
  schedules,
  marks,
}: Pick<Hunted, 'failure' | 'schedules' | 'marks'>): string | undefined {
  if (marks.silent.length > 0) return `never ran: ${marks.silent.join(', ')}`;
  return failure ? undefined : `not found in ${schedules} schedules`;
}
