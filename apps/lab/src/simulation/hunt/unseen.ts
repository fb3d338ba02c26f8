/** Safeguards whose absence no schedule can show, and why. Being found is a fault of this table. */
const UNSEEN: Readonly<Record<string, string>> = {};

/** Why it cannot be seen when these safeguards are gone together; undefined if it can. */
export function reasonUnseen(mutants: readonly string[]): string | undefined {
  return UNSEEN[mutants.join(' + ')];
}
