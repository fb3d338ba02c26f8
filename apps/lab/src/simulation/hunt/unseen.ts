/** Safeguards that no schedule can miss, by their mutants, and why. One that is found all the same fails the run. */
const UNSEEN: Readonly<Record<string, string>> = {
  'publish-without-the-connected-gate':
    'schedules send with the outbox, where what arrives late is a repeat that the inbox knows; a publish before the ' +
    'commit is what makes a phantom of it, and breaks promises with the gate, too',
};

/** Why nothing can be found when these safeguards are gone together; undefined if something can. */
export function reasonUnseen(mutants: readonly string[]): string | undefined {
  return UNSEEN[mutants.join(' + ')];
}
