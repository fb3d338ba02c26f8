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
    super(`cannot listen on ${host}:${port}: ${errorText(cause)}`, {
      cause,
    });
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
  readonly code: string = 'store';
  override readonly name: string = 'StoreError';
}

/** The store can't be trusted with anything any more, until a restart has looked at its files. */
export class StoreFailedError extends StoreError {
  override readonly code = 'store_failed';
  override readonly name = 'StoreFailedError';
}

/** A file of the store is damaged in a way that no crash explains. Nothing was changed; `file` and `offset` say where. */
export class StoreDamagedError extends StreamingServerError {
  readonly code = 'store_damaged';
  override readonly name = 'StoreDamagedError';

  constructor(
    readonly file: string,
    readonly offset: number,
    reason: string,
  ) {
    super(
      `${file} is damaged at offset ${offset}: ${reason}. Restore it from a copy, or move the store away.`,
    );
  }
}

/** Another server works on the directory. */
export class StoreLockedError extends StreamingServerError {
  readonly code = 'store_locked';
  override readonly name = 'StoreLockedError';

  constructor(readonly directory: string) {
    super(`${directory} is in use by another server: stop that one, or choose another directory.`);
  }
}

/** What to say about something that was thrown, whatever it is. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
