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

/** An outcome arrived for a transfer that this database does not have (yet). */
export class TransferUnknownError extends Error {
  readonly code = 'TRANSFER_UNKNOWN';

  constructor(readonly transferId: string) {
    super(`Accounts decided on transfer ${transferId}, which is not recorded here`);
    this.name = 'TransferUnknownError';
  }
}
