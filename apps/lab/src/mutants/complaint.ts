import { kindsOf, type Finding, type FindingKind } from './checks/finding.js';

/** What came of a check. */
export interface Outcome {
  readonly findings: readonly Finding[];
  /** Marks of the mutants that were planted, and whose text never ran. */
  readonly silentMarks: readonly string[];
}

/**
 * Why an outcome is not what it should be; undefined if it is.
 * @param finds the kinds that must be found, in the order of the alphabet, and no others; none with every safeguard
 */
export function complaintOn(
  { findings, silentMarks }: Outcome,
  finds: readonly FindingKind[],
): string | undefined {
  if (silentMarks.length > 0) return `never ran: ${silentMarks.join(', ')}`;
  const found = kindsOf(findings);
  if (found.join() === finds.join()) return undefined;
  if (finds.length === 0) return `red with every safeguard: ${found.join(', ')}`;
  if (found.length === 0) return 'survived: nothing was found';
  return `found ${found.join(', ')} in the place of ${finds.join(', ')}`;
}
