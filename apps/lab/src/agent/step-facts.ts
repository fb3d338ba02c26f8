import type { Fact, Facts } from './agent-protocol.js';

type Plain = Readonly<Record<string, unknown>>;

/**
 * What stands in the detail of a step, by the name of the field. The libraries hand out what they work with; of that,
 * only what tells one message from another is worth a line.
 */
const READERS: Readonly<Record<string, (value: unknown) => Plain>> = {
  connection: () => ({}),
  lane: () => ({}),
  settlement: () => ({}),
  payload: (payload) => factsOfPayload(String(payload)),
  event: (event) => factsOfEvent(event as Plain),
  events: (events) =>
    joined((events as Plain[]).map((event) => factsOfEvent((event['event'] ?? event) as Plain))),
  message: (message) => factsOfMessage(message as Plain),
  runs: (runs) => joined([...(runs as Map<string, Plain[]>).values()].flat().map(factsOfMessage)),
  batch: (batch) => READERS['runs']?.((batch as Plain)['runs']) ?? {},
  parked: (parked) => {
    const { key, sequence, error, policy } = parked as Plain;
    return { key, sequence, error, policy };
  },
  request: (request) => {
    const { method, url } = request as Plain;
    return { method, path: url };
  },
  ack: (ack) => ({ brokerSequence: (ack as Plain)['sequence'] }),
  error: (error) => ({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }),
};

/** The small plain facts in the detail of a step. */
export function factsOf(detail: object): Facts {
  const found = Object.entries(detail).map(
    ([name, value]) => READERS[name]?.(value) ?? { [name]: value as unknown },
  );
  return plain(Object.assign({}, ...found) as Plain);
}

function factsOfEvent({ id, type, partitionkey, sequence }: Plain): Plain {
  return {
    id,
    channel: type,
    key: partitionkey,
    sequence: sequence === undefined ? undefined : Number(sequence),
  };
}

/** What a channel holds may be anything: of what cannot be read there are no facts. */
function factsOfPayload(payload: string): Plain {
  try {
    const { id, key, sequence } = factsOfEvent(JSON.parse(payload) as Plain);
    return { id, key, sequence };
  } catch {
    return {};
  }
}

/** The broker's message, or one of the outbox. */
function factsOfMessage(message: Plain): Plain {
  if (!Buffer.isBuffer(message['data'])) {
    const { id, key, sequence, type } = message;
    return { id, channel: type, key, sequence };
  }
  const { channel, data, sequence, redelivered } = message;
  return { channel, ...factsOfPayload(data.toString()), brokerSequence: sequence, redelivered };
}

/** Of several things with the same facts: each fact once, as a list. */
function joined(things: readonly Plain[]): Plain {
  const names = new Set(things.flatMap((thing) => Object.keys(thing)));
  return Object.fromEntries([...names].map((name) => [name, things.map((thing) => thing[name])]));
}

function plain(facts: Plain): Facts {
  const kept = Object.entries(facts).map(([name, value]) => [name, plainFact(value)] as const);
  return Object.fromEntries(kept.filter((fact): fact is [string, Fact] => fact[1] !== undefined));
}

function plainFact(value: unknown): Fact | undefined {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (!Array.isArray(value)) return undefined;
  const list = value.map(plainFact).filter((item) => typeof item === 'string' || typeof item === 'number');
  return list.length > 0 ? list : undefined;
}
