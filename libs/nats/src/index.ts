export { backoffMs } from './backoff.js';
export { withSequence, type CloudEvent } from './cloud-event.js';
export type { NatsConnectionEvents } from './connection-events.js';
export { DeadLetterSink, type Burial } from './dead-letter.sink.js';
export { NATS_STEPS, type NatsStep } from './diagnostics.js';
export type { DriverOptions, JetStreamOptions, NatsDriver, StreamingOptions } from './driver.options.js';
export { environmentOrExit, parseEnvironment } from './environment.js';
export {
  defineEvent,
  defineEvents,
  EventRegistry,
  type EventAttributes,
  type EventData,
  type EventDefinition,
  type EventDefinitions,
  type EventOf,
} from './event-registry.js';
export { JetStreamConfigurationError, JetStreamUnavailableError } from './jetstream/jetstream.errors.js';
export {
  MessageBus,
  type BusHealth,
  type BusMessage,
  type BusMessageHandler,
  type BusSubscription,
  type PublishAck,
  type PublishOptions,
} from './message-bus.js';
export { NatsConnection } from './nats-connection.js';
export { NatsContext } from './nats.context.js';
export { defaultClientId, natsEnvironment, natsOptionsFrom, natsRules } from './nats.environment.js';
export * from './nats.errors.js';
export { NatsHealthIndicator } from './nats.health.js';
export { NatsModule, type NatsModuleAsyncOptions } from './nats.module.js';
export type { NatsCredentials, NatsOptions, NatsTls, OnConnectionLost } from './nats.options.js';
export { NatsTransport, noteFailure } from './nats.transport.js';
export { Secret } from './secret.js';
export { EXIT_CODES, ServiceProcess } from './service-process.js';
export type { NatsConnectionState } from './session-keeper.js';
export type { NatsTarget } from './target.js';
export { activeTrace, runInTraceOf, type EventTrace } from './trace-context.js';
