import type { CloudEvent } from '@app/nats';

/** The numbers of events within each key, in the order in which they are given; those without a number are left out. */
export function sequencesByKey(events: Iterable<CloudEvent>): Map<string, number[]> {
  const sequences = new Map<string, number[]>();
  for (const { partitionkey, sequence } of events) {
    if (sequence === undefined) continue;
    const ofKey = sequences.get(partitionkey);
    if (ofKey) ofKey.push(Number(sequence));
    else sequences.set(partitionkey, [Number(sequence)]);
  }
  return sequences;
}

/** 1 to `count`: what the sequences of a key are, if none is missing and they are in order. */
export function firstNumbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
