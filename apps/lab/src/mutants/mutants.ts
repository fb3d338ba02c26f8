import { LabError } from '../lab.errors.js';
import { BANK_MUTANTS } from './catalogue/bank.mutants.js';
import { CONNECTION_MUTANTS } from './catalogue/connection.mutants.js';
import { CONSUMER_MUTANTS } from './catalogue/consumer.mutants.js';
import { RELAY_MUTANTS } from './catalogue/relay.mutants.js';
import { markOf, type Mutant } from './mutant.js';

/** Every safeguard that can be taken out. */
export const MUTANTS: readonly Mutant[] = [
  ...CONSUMER_MUTANTS,
  ...RELAY_MUTANTS,
  ...CONNECTION_MUTANTS,
  ...BANK_MUTANTS,
];

/** @throws UnknownMutantError */
export function mutantOf(name: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found === undefined) throw new UnknownMutantError(name);
  return found;
}

/** The marks that a mutant's changed texts leave when they run: see `StepBook.mutantsRun`. @throws UnknownMutantError */
export function marksOf(name: string): string[] {
  return mutantOf(name).edits.map((_, index) => markOf(name, index));
}

/** No mutant has this name. */
export class UnknownMutantError extends LabError {
  readonly code = 'LAB_MUTANT_UNKNOWN';

  constructor(name: string) {
    super(`no mutant is called ${name}; there are: ${MUTANTS.map((mutant) => mutant.name).join(', ')}`);
  }
}
