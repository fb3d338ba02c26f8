import type { Channels } from '../audit/books.js';
import { storedEvents } from '../audit/channels.js';
import type { Cable } from '../cable/cable.js';
import type { CableMessage, NatsMessage } from '../cable/message.js';

/** A message that came out of the broker. */
interface Delivered {
  readonly channel: string;
  readonly text: string;
  readonly id: string;
}

/** What went over the cables to the broker since a cell began. Nobody else is asked. */
export class Wiretap {
  /** The events that were published, by their ids; and the channels of those that came out again. */
  private readonly published = new Set<string>();
  private readonly delivered = new Map<string, Delivered>();
  private readonly acknowledged = new Set<string>();
  private count = 0;

  constructor(cables: readonly Pick<Cable, 'strike'>[]) {
    const every = { protocol: 'nats', name: 'every message', matches: () => true } as const;
    for (const cable of cables) {
      cable.strike({
        at: every,
        occurrence: 'every',
        action: (message: CableMessage) => {
          if (message.protocol === 'nats') this.take(message);
          return 'pass';
        },
      });
    }
  }

  /** How many messages there were. */
  get traffic(): number {
    return this.count;
  }

  /** Whether every event that was published came out, and every message that came out was acknowledged. */
  get isQuiet(): boolean {
    const open = [...this.delivered.keys()].some((place) => !this.acknowledged.has(place));
    const came = new Set([...this.delivered.values()].map(({ id }) => id));
    return !open && [...this.published].every((id) => came.has(id));
  }

  /** What the broker holds, as far as it came out; at rest that is all. */
  get channels(): Channels {
    const places = [...this.delivered];
    const types = new Set(places.map(([, { channel }]) => channel));
    const events = [...types].flatMap((type) => {
      const ofType = places.filter(([, { channel }]) => channel === type);
      return storedEvents(new Map(ofType.map(([place, { text }]) => [numberOf(place), text])));
    });
    const open = places.filter(([place]) => !this.acknowledged.has(place));
    return { events, undelivered: new Set(open.map(([, { id }]) => id)) };
  }

  /** Begins anew: for another cell, or with a broker that has forgotten everything. */
  forget(): void {
    this.published.clear();
    this.delivered.clear();
    this.acknowledged.clear();
  }

  private take({ kind, channel, sequence, text = '' }: NatsMessage): void {
    this.count += 1;
    const place = `${channel} ${sequence}`;
    if (kind === 'publish') this.published.add(idOf(text));
    if (kind === 'delivery') this.delivered.set(place, { channel, text, id: idOf(text) });
    if (kind === 'delivery-ack') this.acknowledged.add(place);
  }
}

function numberOf(place: string): number {
  return Number(place.slice(place.lastIndexOf(' ') + 1));
}

/** Of an event; what is none is known by its text. */
function idOf(text: string): string {
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    return typeof id === 'string' ? id : text;
  } catch {
    return text;
  }
}
