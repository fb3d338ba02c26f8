import {
  AckPolicy,
  DeliverPolicy,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type ConsumerInfo,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { millis, nanos } from '@nats-io/transport-node';
import type { JetStreamOptions } from '../driver.options.js';
import type { NatsOptions } from '../nats.options.js';
import { JetStreamConfigurationError } from './jetstream.errors.js';

/** Somebody made it between our look and our try (`errors.json` in the server's source). */
const STREAM_NAME_IN_USE = 10_058;
const CONSUMER_ALREADY_EXISTS = 10_148;
/** What may be otherwise in a moment: no leader, no resources; and too few servers of the cluster are there. */
const UNAVAILABLE_STATUS = 503;
const NO_SUITABLE_PEERS = 10_005;

/** The settings that this driver decides; whatever else a stream or a consumer has is its operator's business. */
type OwnSettings = Record<string, string | number | readonly string[]>;

/**
 * One stream for each channel, as in NATS Streaming: its own sequence from 1, and a new event is a new stream
 * and no change to one that others use.
 */
export async function ensureStream(
  manager: JetStreamManager,
  channel: string,
  options: NatsOptions<JetStreamOptions>,
): Promise<string> {
  const subject = options.channelPrefix + channel;
  // A stream's name has no dots.
  const name = subject.replaceAll('.', '_');
  const { replicas, maxAgeMs, duplicateWindowMs } = options.driver;
  const wanted = {
    subjects: [subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: replicas,
    max_age: nanos(maxAgeMs),
    duplicate_window: nanos(duplicateWindowMs),
  } satisfies Partial<StreamConfig>;
  const info = await findOrMake<StreamInfo>(`stream ${name}`, {
    find: () => manager.streams.info(name),
    make: () => manager.streams.add({ name, ...wanted }),
    missing: JetStreamApiCodes.StreamNotFound,
    taken: STREAM_NAME_IN_USE,
  });
  compare(`stream ${name}`, wanted, info.config);
  return name;
}

/** One durable consumer for each queue: its instances share it, and it remembers what they acknowledged. */
export async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  options: NatsOptions<JetStreamOptions>,
): Promise<string> {
  const name = options.queue;
  const wanted = {
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(options.ackWaitMs),
    // Giving a message up is decided where its last error is known, never by the server in silence.
    max_deliver: -1,
  } satisfies Partial<ConsumerConfig>;
  const resource = `consumer ${name} of stream ${stream}`;
  const info = await findOrMake<ConsumerInfo>(resource, {
    find: () => manager.consumers.info(stream, name),
    make: () => manager.consumers.add(stream, { durable_name: name, ...wanted }),
    missing: JetStreamApiCodes.ConsumerNotFound,
    taken: CONSUMER_ALREADY_EXISTS,
  });
  compare(resource, wanted, info.config);
  return name;
}

interface Making<Info> {
  readonly find: () => Promise<Info>;
  readonly make: () => Promise<Info>;
  /** The code that `find` fails with when there is none. */
  readonly missing: number;
  /** The code that `make` fails with when another was quicker and made it otherwise. */
  readonly taken: number;
}

async function findOrMake<Info>(
  resource: string,
  { find, make, missing, taken }: Making<Info>,
): Promise<Info> {
  try {
    return await find();
  } catch (error) {
    if (!hasCode(error, missing)) throw error;
  }
  try {
    return await make();
  } catch (error) {
    if (hasCode(error, taken)) return find();
    if (!(error instanceof JetStreamApiError) || isPassing(error)) throw error;
    throw new JetStreamConfigurationError(resource, [error.message], { cause: error });
  }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

function isPassing({ status, code }: JetStreamApiError): boolean {
  return status === UNAVAILABLE_STATUS || code === NO_SUITABLE_PEERS;
}

/** @throws JetStreamConfigurationError naming every setting that differs */
function compare(resource: string, wanted: OwnSettings, found: Partial<Record<string, unknown>>): void {
  const differences = Object.entries(wanted)
    .filter(([setting, value]) => JSON.stringify(found[setting]) !== JSON.stringify(value))
    .map(
      ([setting, value]) =>
        `${setting} is ${shown(setting, found[setting])}, expected ${shown(setting, value)}`,
    );
  if (differences.length > 0) throw new JetStreamConfigurationError(resource, differences);
}

const DURATIONS = new Set(['max_age', 'duplicate_window', 'ack_wait']);

function shown(setting: string, value: unknown): string {
  return DURATIONS.has(setting) && typeof value === 'number' ? `${millis(value)} ms` : JSON.stringify(value);
}
