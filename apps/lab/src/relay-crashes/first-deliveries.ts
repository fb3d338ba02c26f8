/** What of a delivered event says where it belongs. */
export interface Delivered {
  readonly id: string;
  readonly type: string;
  readonly partitionkey: string;
  /** Its number within its key; absent where it has no order. */
  readonly sequence?: string;
}

/** The events of a channel, each where it came first, in the order of the broker's numbers. */
export function firstDeliveries(messages: ReadonlyMap<number, string>): Delivered[] {
  const events = new Map<string, Delivered>();
  for (const [, payload] of [...messages].sort(([one], [other]) => one - other)) {
    const event = JSON.parse(payload) as Delivered;
    if (!events.has(event.id)) events.set(event.id, event);
  }
  return [...events.values()];
}

/** The numbers of each key's events, in the order of their first delivery; from 1, without a gap, when all is well. */
export function numbersByKey(delivered: readonly Delivered[]): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const { partitionkey, sequence } of delivered) {
    if (sequence === undefined) continue;
    const ofKey = numbers.get(partitionkey) ?? [];
    ofKey.push(Number(sequence));
    numbers.set(partitionkey, ofKey);
  }
  return numbers;
}
