export { withSequence, type CloudEvent } from './cloud-event.js';
export { DeadLetterSink, type Burial } from './dead-letter.sink.js';
export { NATS_STEPS, type NatsStep } from './diagnostics.js';
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
export type { DriverOptions, JetStreamOptions, NatsDriver } from './jetstream/jetstream.options.js';
export {
  MessageBus,
  type BusHealth,
  type BusMessage,
  type BusMessageHandler,
  type BusSubscription,
  type PublishAck,
  type PublishOptions,
} from './message-bus.js';
export { NatsConnection, type NatsConnectionEvents, type NatsConnectionState } from './nats-connection.js';
export { NatsHealthIndicator } from './nats.health.js';
export { NatsContext } from './nats.context.js';
export * from './nats.errors.js';
export { NatsModule, type NatsModuleAsyncOptions } from './nats.module.js';
export {
  defaultClientId,
  natsEnvironment,
  natsOptionsFrom,
  type NatsCredentials,
  type NatsOptions,
  type NatsTls,
  type OnConnectionLost,
} from './nats.options.js';
export { NatsTransport } from './nats.transport.js';
export { backoffMs } from './backoff.js';
export { Secret } from './secret.js';
export { EXIT_CODES, ServiceProcess } from './service-process.js';
