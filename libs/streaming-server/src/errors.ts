/** What all errors of this package have: a stable `code` to decide by. */
export abstract class StreamingServerError extends Error {
  abstract readonly code: string;
}

/** The server can't start as configured. The message names the setting. */
export class ConfigurationError extends StreamingServerError {
  readonly code = 'configuration';
  override readonly name = 'ConfigurationError';
}

/** The address can't be listened on. */
export class ListenError extends StreamingServerError {
  readonly code = 'listen';
  override readonly name = 'ListenError';

  constructor(
    readonly host: string,
    readonly port: number,
    cause: unknown,
  ) {
    super(`cannot listen on ${host}:${port}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * A request of a streaming client that is refused. The message is the text that goes on the wire: it is the real
 * server's, because clients compare it.
 */
export class RefusedError extends StreamingServerError {
  readonly code = 'refused';
  override readonly name = 'RefusedError';
}

/** The store could not take something. The message is what the publisher or subscriber is told. */
export class StoreError extends StreamingServerError {
  readonly code = 'store';
  override readonly name = 'StoreError';
}
