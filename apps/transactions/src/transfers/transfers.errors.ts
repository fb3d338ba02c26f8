import { CommitUnknownError, EventsUnconfirmedError, EventsUnpublishedError } from '@app/outbox';
import { ProblemException, problemType } from '@app/service';

export function idempotencyKeyMissing(): ProblemException {
  return new ProblemException({
    type: problemType('idempotency-key-missing'),
    title: 'Idempotency-Key is missing',
    status: 400,
    detail:
      'Send the header Idempotency-Key with a value of your own, and repeat it when you repeat the request',
  });
}

export function idempotencyKeyInvalid(): ProblemException {
  return new ProblemException({
    type: problemType('idempotency-key-invalid'),
    title: 'Idempotency-Key is not valid',
    status: 400,
    detail: 'Expected 1 to 255 visible ASCII characters, in quotes, without quotes or backslashes among them',
  });
}

export function idempotencyKeyReused(): ProblemException {
  return new ProblemException({
    type: problemType('idempotency-key-reused'),
    title: 'Idempotency-Key was used for another request',
    status: 422,
    detail: 'This key belongs to a request with another body; a new request needs a new key',
  });
}

export function transferNotFound(id: string): ProblemException {
  return new ProblemException({
    type: problemType('transfer-not-found'),
    title: 'No such transfer',
    status: 404,
    transferId: id,
  });
}

/** The transfer is recorded, and nobody knows whether accounts will ever hear of it. */
export function publishUnconfirmed(id: string, cause: unknown): ProblemException {
  return new ProblemException(
    {
      type: problemType('publish-unconfirmed'),
      title: 'The transfer is recorded, but its event was not published for certain',
      status: 503,
      transferId: id,
    },
    { cause },
  );
}

/** Nothing is recorded, since its event could not be published. */
export function publishFailed(cause: unknown): ProblemException {
  return new ProblemException(
    {
      type: problemType('publish-failed'),
      title: 'The transfer is not recorded, since its event could not be published',
      status: 503,
      detail: 'Repeat the request later, with the same Idempotency-Key',
    },
    { cause },
  );
}

/** The database did not say whether the transfer is recorded. The key makes it safe to ask again. */
export function outcomeUnknown(cause: unknown): ProblemException {
  return new ProblemException(
    {
      type: problemType('outcome-unknown'),
      title: 'Whether the transfer is recorded is unknown',
      status: 503,
      detail:
        'Repeat the request with the same Idempotency-Key: it is recorded once, whatever became of this one',
    },
    { cause },
  );
}

/** What the caller is told of a transfer that failed on its way; any other error is handed on as it is. */
export function problemOf(error: unknown): unknown {
  if (error instanceof EventsUnconfirmedError) {
    const { transfer } = error.result as { readonly transfer: { readonly id: string } };
    return publishUnconfirmed(transfer.id, error);
  }
  if (error instanceof EventsUnpublishedError) return publishFailed(error);
  if (error instanceof CommitUnknownError) return outcomeUnknown(error);
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
