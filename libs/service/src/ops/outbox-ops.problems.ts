import { DeadLetterNotTextError, InvalidListError, LaneGoneError, MessagesNotParkedError } from '@app/outbox';
import { ProblemException, problemType } from '../problem.js';

/** There is no message of this id, or no longer. */
export function messageNotFound(messageId: string): ProblemException {
  return new ProblemException({
    type: problemType('message-not-found'),
    title: 'There is no message of this id, or no longer',
    status: 404,
    messageId,
  });
}

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
    const type = problemType('invalid-request');
    return new ProblemException({ type, title: 'The request is not valid', status: 400, errors }, { cause });
  }
  const known = [
    [MessagesNotParkedError, 'message-not-parked', 'Neither a parked message nor a dead letter', 404],
    [LaneGoneError, 'lane-gone', 'The key is not blocked by this message any more', 409],
    [
      DeadLetterNotTextError,
      'dead-letter-not-text',
      'The dead letter can only be looked at, and dropped',
      409,
    ],
  ] as const;
  for (const [kind, name, title, status] of known) {
    if (!(cause instanceof kind)) continue;
    return new ProblemException({ type: problemType(name), title, status, detail: cause.message }, { cause });
  }
  return undefined;
}
