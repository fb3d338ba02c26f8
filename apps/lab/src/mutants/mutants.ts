import { LabError } from '../lab.errors.js';
import type { Mutant } from './mutant.js';

/** Every safeguard that can be taken out. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-inbox',
    safeguard: 'the inbox: a message that was handled is not handled again',
    edits: [
      {
        file: 'libs/outbox/src/inbox/inbox.ts',
        within: 'Inbox.process',
        language: 'code',
        find: `if (recorded.repeats > 0) return 'repeated';`,
        replace: '',
      },
    ],
    breaks: 'a message that comes twice is handled twice',
  },
  {
    name: 'trust-the-callback',
    safeguard: "a client's success counts only if its connection outlives it",
    edits: [
      {
        file: 'libs/nats/src/nats-streaming.bus.ts',
        within: 'NatsStreamingBus.publishNow',
        language: 'code',
        find: `if (!this.connection.isUp(client)) reject(connectionEnded(channel, cause)); else if (cause)`,
        replace: 'if (cause)',
      },
    ],
    breaks:
      'a client whose connection ends for good calls back without an error: what the broker never had is taken for acknowledged',
  },
];

/** @throws UnknownMutantError */
export function mutantOf(name: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found === undefined) throw new UnknownMutantError(name);
  return found;
}

/** No mutant has this name. */
export class UnknownMutantError extends LabError {
  readonly code = 'LAB_MUTANT_UNKNOWN';

  constructor(name: string) {
    super(`no mutant is called ${name}; there are: ${MUTANTS.map((mutant) => mutant.name).join(', ')}`);
  }
}
