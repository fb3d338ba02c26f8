import type { Hunted } from './hunt.js';

/**
 * Why a hunt did not come out as it should; undefined if it did.
 * @param unseen why nothing can be found, if that is so
 */
export function complaintOnHunt(
  { failure, schedules, marks }: Pick<Hunted, 'failure' | 'schedules' | 'marks'>,
  unseen: string | undefined,
): string | undefined {
  if (marks.silent.length > 0) return `never ran: ${marks.silent.join(', ')}`;
  if (unseen === undefined) return failure ? undefined : `not found in ${schedules} schedules`;
  return failure && `found, though no schedule can show it: ${unseen}`;
}
