import { DeadLetterNotTextError, InvalidListError, LaneGoneError, MessagesNotParkedError } from '@app/outbox';
import type { ProblemException } from '../problem.js';
import { defineProblems } from '../problem.catalog.js';
import { serviceProblems } from '../service.problems.js';

/** What `/ops/outbox` answers. */
export const opsProblems = defineProblems({
  'message-not-found': {
    status: 404,
    title: 'There is no message of this id, or no longer',
    about:
      'The outbox keeps a message for some days after it is sent; `GET /ops/outbox/messages` lists what there is.',
  },
  'message-not-parked': {
    status: 404,
    title: 'Neither a parked message nor a dead letter',
    about:
      'Only what has failed can be put back or dropped, and this message has not, or somebody was quicker.',
  },
  'lane-gone': {
    status: 409,
    title: 'The key is not blocked by this message any more',
    about: 'Something has changed since the message was looked at. Look again, and decide anew.',
  },
  'dead-letter-not-text': {
    status: 409,
    title: 'The dead letter can only be looked at, and dropped',
    about: 'What arrived was no text, so that there is nothing that could be handled again.',
  },
});

/** Waits for an operation, and makes a problem of what the caller can do something about. */
export async function orProblem<Result>(operation: Promise<Result>): Promise<Result> {
  try {
    return await operation;
  } catch (error) {
    throw problemOf(error) ?? error;
  }
}

function problemOf(cause: unknown): ProblemException | undefined {
  if (cause instanceof InvalidListError) {
    const errors = [{ field: cause.field, message: cause.reason }];
    return serviceProblems.of('invalid-request', { errors }, { cause });
  }
  const known = [
    [MessagesNotParkedError, 'message-not-parked'],
    [LaneGoneError, 'lane-gone'],
    [DeadLetterNotTextError, 'dead-letter-not-text'],
  ] as const;
  for (const [kind, name] of known) {
    if (cause instanceof kind) return opsProblems.of(name, { detail: cause.message }, { cause });
  }
  return undefined;
}
