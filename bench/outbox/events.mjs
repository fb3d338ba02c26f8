/** What is published: an event of some 400 bytes, the size of one of a transfer. */
import { randomUUID } from 'node:crypto';

export const CHANNEL = 'bench.happened';
/** For what is published before the clock runs: the first messages run on cold code, and don't count. */
export const WARM_UP_CHANNEL = 'bench.warm-up';
export const WARM_UP_MESSAGES = 2_000;

const SEQUENCE_DIGITS = 19;

/** The n-th of the keys, all of one length. */
export const keyOf = (n) => `account-${String(n).padStart(7, '0')}`;

/** An event as the registry would make it, without the cost of checking it: CloudEvents 1.0. */
export function eventOf(key, type = CHANNEL) {
  return {
    specversion: '1.0',
    id: uuidv7(),
    source: '/bench',
    type,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: `urn:bench:event:${type}:1.0`,
    partitionkey: key,
    data: { account: key, amountMinor: '1250', currency: 'EUR', transferId: randomUUID() },
  };
}

/** Messages as they stand on the wire, dealt out over the keys in turn, each with its number in its key. */
export function payloads(count, keys) {
  return Array.from({ length: count }, (_, n) => {
    const sequence = String(Math.floor(n / keys) + 1).padStart(SEQUENCE_DIGITS, '0');
    return JSON.stringify({ ...eventOf(keyOf(n % keys)), sequence });
  });
}

/** The time in the first 48 bits, as RFC 9562 has it. */
function uuidv7() {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
