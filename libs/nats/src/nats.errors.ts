import { RpcException } from '@nestjs/microservices';
import type { Burial } from './dead-letter.sink.js';
import { targetText, type NatsTarget } from './target.js';

/** Base of every error of this library: `code` is stable, the message may change. */
export abstract class NatsError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Reading the client, or publishing, while there is no connection. Certainly nothing was sent. */
export class NatsNotConnectedError extends NatsError {
  readonly code = 'NATS_NOT_CONNECTED';
  /** What became of a publish that met this error. */
  readonly outcome = 'refused';

  constructor(readonly state: string) {
    super(
      `Cannot access the NATS client before connecting: the connection is ${state}; ` +
        'await NatsConnection.connect() first',
    );
  }
}

/** Base of what {@link NatsConnection.connect} rejects with: one class for each thing to do about it. */
export abstract class NatsConnectError extends NatsError {
  constructor(
    reason: string,
    readonly target: NatsTarget,
    options?: ErrorOptions,
  ) {
    super(`${reason} (${targetText(target)})`, options);
  }
}

/** Nobody listens at the address, or the connection broke while it was made. */
export class NatsUnreachableError extends NatsConnectError {
  readonly code = 'NATS_UNREACHABLE';
}

/** The host name has no address. */
export class NatsHostNotFoundError extends NatsConnectError {
  readonly code = 'NATS_HOST_NOT_FOUND';
}

/** A NATS server answered, but no streaming server with this cluster id. */
export class NatsClusterNotFoundError extends NatsConnectError {
  readonly code = 'NATS_CLUSTER_NOT_FOUND';
}

/** The peer accepted the connection and says nothing. */
export class NatsSilentPeerError extends NatsConnectError {
  readonly code = 'NATS_SILENT_PEER';
}

/** Another living client holds this client id. */
export class NatsClientIdTakenError extends NatsConnectError {
  readonly code = 'NATS_CLIENT_ID_TAKEN';
}

/**
 * No TLS with this server: one side's certificate is missing, not trusted, or another host's, or one of them speaks
 * no TLS.
 */
export class NatsTlsError extends NatsConnectError {
  readonly code = 'NATS_TLS';
}

/** The server refused the connection for a reason of its own: credentials, limits. */
export class NatsConnectRefusedError extends NatsConnectError {
  readonly code = 'NATS_CONNECT_REFUSED';
}

/** `close()` was called while `connect()` was under way. */
export class NatsConnectAbortedError extends NatsConnectError {
  readonly code = 'NATS_CONNECT_ABORTED';
}

/** A publish that certainly was not stored: it may be repeated without a duplicate. */
export class PublishRefusedError extends NatsError {
  readonly code = 'NATS_PUBLISH_REFUSED';
  readonly outcome = 'refused';

  constructor(
    readonly channel: string,
    reason: string,
    /** The server no longer knows this client: not the message's fault. */
    readonly registrationLost = false,
    options?: ErrorOptions,
  ) {
    super(`Publishing to ${channel} was refused: ${reason}`, options);
  }
}

/** A publish of which nobody can know whether it was stored: a repeat may make a duplicate. */
export class PublishUnknownError extends NatsError {
  readonly code = 'NATS_PUBLISH_UNKNOWN';
  readonly outcome = 'unknown';

  constructor(
    readonly channel: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`Whether the message to ${channel} was stored is unknown: ${reason}`, options);
  }
}

/** `NatsModule.forRootAsync` was called twice in one application. */
export class NatsModuleImportedTwiceError extends NatsError {
  readonly code = 'NATS_MODULE_IMPORTED_TWICE';

  constructor() {
    super(
      'NatsModule.forRootAsync() was imported twice: that would make two clients. ' +
        'Import it once, in the root module; it is global, and every module is given the same connection',
    );
  }
}

/** A handler that no event can reach: wrong wiring, found at start. */
export class UnreachableHandlerError extends NatsError {
  readonly code = 'NATS_UNREACHABLE_HANDLER';

  constructor(
    readonly pattern: string,
    reason: string,
  ) {
    super(`The handler of '${pattern}' can never be called: ${reason}`);
  }
}

/**
 * A handler throws one to say: this message is never going to be processed, bury it at once. It is not handled
 * again, and goes to the {@link DeadLetterSink} with this reason; without a sink it comes again like any other.
 *
 * It is one of Nest's `RpcException`s, because Nest hands on no other error that a handler throws.
 */
export abstract class DeadLetterError extends RpcException {
  abstract readonly code: string;
  abstract readonly reason: Burial['reason'];

  constructor(message: string, options: ErrorOptions = {}) {
    super(message);
    this.name = new.target.name;
    if ('cause' in options) this.cause = options.cause;
  }

  override getError(): this {
    return this;
  }
}

/** An event that does not fit its definition, on the way out or on the way in. */
export class InvalidEventError extends NatsError {
  readonly code = 'EVENT_INVALID';

  constructor(
    readonly type: string,
    readonly problems: readonly string[],
    options?: ErrorOptions,
  ) {
    super(`Not a valid ${type} event: ${problems.join('; ')}`, options);
  }
}

/** The environment lacks settings or has wrong ones; the message names all of them. */
export class InvalidEnvironmentError extends Error {
  readonly code = 'ENVIRONMENT_INVALID';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'InvalidEnvironmentError';
  }
}
