import { CommitUnknownError, EventsUnconfirmedError, EventsUnpublishedError } from '@app/outbox';
import { DeadLetterError } from '@app/nats';
import { defineProblems, serviceProblems } from '@app/service';
import type { IdempotentAnswer } from '../idempotency/idempotent-requests.js';

/** What a caller may be told of transfers besides how they are. */
export const transferProblems = defineProblems({
  'transfer-not-found': {
    status: 404,
    title: 'No such transfer',
    about: 'There is no transfer of this id, or none that you have ordered.',
  },
  'transfer-order-invalid': {
    status: 400,
    title: 'The order of a transfer is not valid',
    about:
      'One order of a batch is refused, and recorded nothing; the batch as a whole is answered 202. `errors` names every ' +
      'wrong field at once.',
  },
  'transfer-not-reversible': {
    status: 409,
    title: 'The transfer cannot be reversed',
    about:
      'Only a transfer that is posted can be reversed, and no reversal can. `transferStatus` and `kind` say what it is. While ' +
      'it is pending, wait for its outcome, and reverse it under a new `Idempotency-Key`.',
  },
  'transfer-already-reversed': {
    status: 409,
    title: 'The transfer is reversed already',
    about:
      'A transfer is reversed once; `reversalId` is the transfer that does. Only if that one is rejected can it be ' +
      'tried again, under a new `Idempotency-Key`.',
  },
  'publish-unconfirmed': {
    status: 503,
    title: 'The transfer is recorded, but its event was not published for certain',
    about:
      'The transfer is recorded, and nobody knows whether its event has reached the broker. This happens only where ' +
      'events are delivered without the outbox.',
  },
  'publish-failed': {
    status: 503,
    title: 'The transfer is not recorded, since its event could not be published',
    about:
      'Nothing is recorded. Repeat the request later, with the same `Idempotency-Key`. This happens only where events ' +
      'are delivered without the outbox.',
  },
  'too-many-streams': {
    status: 503,
    title: 'Too many streams are open',
    about:
      'This instance follows as many transfers as it can. Come again after `Retry-After`, or ask without a stream.',
  },
});

/** What the caller is told of a request that failed on its way; any other error is handed on as it is. */
export function problemOf(error: unknown): unknown {
  if (error instanceof EventsUnconfirmedError) {
    const { body } = error.result as IdempotentAnswer;
    const about = 'id' in body ? { transferId: body.id } : {};
    return transferProblems.of('publish-unconfirmed', about, { cause: error });
  }
  if (error instanceof EventsUnpublishedError) {
    const detail = 'Repeat the request later, with the same Idempotency-Key';
    return transferProblems.of('publish-failed', { detail }, { cause: error });
  }
  if (error instanceof CommitUnknownError) {
    const detail =
      'Repeat the request with the same Idempotency-Key: it is recorded once, whatever became of this one';
    return serviceProblems.of('outcome-unknown', { detail }, { cause: error });
  }
  return error;
}

/** An outcome arrived for a transfer that this database does not have (yet). */
export class TransferUnknownError extends Error {
  readonly code = 'TRANSFER_UNKNOWN';

  constructor(readonly transferId: string) {
    super(`Accounts decided on transfer ${transferId}, which is not recorded here`);
    this.name = 'TransferUnknownError';
  }
}

/** An outcome arrived that is the opposite of the one that stands. It is never applied: a human has to look. */
export class ContradictingOutcomeError extends DeadLetterError {
  readonly code = 'TRANSFER_OUTCOME_CONTRADICTS';
  readonly reason = 'failed';

  constructor(
    readonly transferId: string,
    readonly standing: string,
    readonly arrived: string,
  ) {
    super(`Accounts says that transfer ${transferId} is ${arrived}, and has said that it is ${standing}`);
  }
}
