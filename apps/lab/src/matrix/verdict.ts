import type { Audit } from '../audit/audit.js';

/**
 * What became of the money in a cell:
 * - `consistent`: both sides agree, and the client knew it all the time.
 * - `converged`: the client was in doubt for a while (no answer, or that it failed); in the end both sides agree.
 * - `lost`, `phantom`, `duplicated`, `reordered`, `stuck`: what the auditor calls by these names.
 */
export type Verdict = 'consistent' | 'converged' | Damage;
export type Damage = (typeof DAMAGES)[number];

export const DAMAGES = ['lost', 'phantom', 'duplicated', 'reordered', 'stuck'] as const;

/** The verdict, or several in the order of {@link DAMAGES} with `+` between them. */
export type Verdicts = string;

/** The verdict on a cell. */
export function verdictOn(found: Audit, clientWasInDoubt: boolean): Verdicts {
  const damages = DAMAGES.filter((damage) => found[damage].length > 0);
  if (damages.length > 0) return damages.join('+');
  return clientWasInDoubt ? 'converged' : 'consistent';
}

/** Whether money is where it belongs, and both sides know. */
export function isGreen(verdicts: Verdicts): boolean {
  return verdicts === 'consistent' || verdicts === 'converged';
}
