export { withSequence, type CloudEvent } from './cloud-event.js';
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
export {
  MessageBus,
  type BusMessage,
  type BusMessageHandler,
  type BusSubscription,
  type PublishAck,
  type PublishOptions,
} from './message-bus.js';
export { NatsConnection, type NatsConnectionEvents, type NatsConnectionState } from './nats-connection.js';
export { NatsContext } from './nats.context.js';
export * from './nats.errors.js';
export { NatsModule, type NatsModuleAsyncOptions } from './nats.module.js';
export {
  defaultClientId,
  natsEnvironment,
  natsOptionsFrom,
  type NatsOptions,
  type OnConnectionLost,
} from './nats.options.js';
export { NatsTransport } from './nats.transport.js';
export { backoffMs } from './backoff.js';
export { EXIT_CODES, ServiceProcess } from './service-process.js';
