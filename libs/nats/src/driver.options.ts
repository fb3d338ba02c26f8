import { z } from 'zod';

/** What the driver for NATS Streaming alone needs to know. */
export interface StreamingOptions {
  readonly name: 'streaming';
  /** The streaming server's own name, which every client must give. */
  readonly clusterId: string;
}

/** What the driver for JetStream alone needs to know. */
export interface JetStreamOptions {
  readonly name: 'jetstream';
  /** Servers that keep each stream; 3 survive the loss of one. JetStream's own default: 1. */
  readonly replicas: number;
  /** How long a stream keeps a message, consumed or not, in ms; 0 keeps it forever, as JetStream does. */
  readonly maxAgeMs: number;
  /** How long the server remembers a message's id and drops its repeats, in ms; JetStream's own default: 2 min. */
  readonly duplicateWindowMs: number;
}

/** The driver that stands behind the port `MessageBus`, and its own settings. */
export type DriverOptions = StreamingOptions | JetStreamOptions;

/** The brokers that can stand behind the port `MessageBus`. */
export type NatsDriver = DriverOptions['name'];

/** The server takes 1 to 5; it refuses a larger number. */
const REPLICAS_MAX = 5;
/** JetStream counts in nanoseconds, and these are exact in a double up to 104 days; a year is near enough. */
const YEAR_MS = 31_536_000_000;

/** The environment variables that choose the driver and set it up. */
export const driverEnvironment = {
  NATS_DRIVER: z.enum(['streaming', 'jetstream']).default('streaming'),
  NATS_CLUSTER_ID: z.string().min(1).optional(),
  NATS_STREAM_REPLICAS: z.coerce.number().int().min(1).max(REPLICAS_MAX).default(1),
  NATS_STREAM_MAX_AGE_MS: z.coerce.number().int().min(0).max(YEAR_MS).default(0),
  // The server refuses a window under 100 ms.
  NATS_DUPLICATE_WINDOW_MS: z.coerce.number().int().min(100).max(YEAR_MS).default(120_000),
};

/** Turns the environment, whose settings go together, into options. */
export function driverOptionsFrom(
  environment: z.output<z.ZodObject<typeof driverEnvironment>>,
): DriverOptions {
  if (environment.NATS_DRIVER === 'streaming') {
    return { name: 'streaming', clusterId: environment.NATS_CLUSTER_ID! };
  }
  return {
    name: 'jetstream',
    replicas: environment.NATS_STREAM_REPLICAS,
    maxAgeMs: environment.NATS_STREAM_MAX_AGE_MS,
    duplicateWindowMs: environment.NATS_DUPLICATE_WINDOW_MS,
  };
}
