import type { Client } from './client.js';
import type { Cursor } from './cursor.js';
import type { WheelEntry } from './timer-wheel.js';

export interface MemberSettings {
  readonly memberId: number;
  readonly inbox: string;
  readonly ackInbox: string;
  readonly maxInFlight: number;
  readonly ackWaitSeconds: number;
}

/**
 * A subscriber at a cursor: the only one of a plain subscription, one of several in a queue group.
 *
 * It is *new* until its client has been told that it exists, then *ready* for messages; *stalled* while as many are
 * pending as it allows; *gone* after it left its cursor.
 */
export class Member implements WheelEntry {
  dueTick: number | undefined;
  ready = false;
  gone = false;
  stalled = false;
  /** Sequences sent and not acknowledged, with the time (`performance.now()`) of their redelivery, earliest first. */
  pending = new Map<number, number>();
  /** Ends the subscription to the acknowledgements. */
  stopAcks: () => void = () => undefined;

  constructor(
    readonly cursor: Cursor,
    readonly client: Client,
    readonly settings: MemberSettings,
  ) {}

  get ackWaitMs(): number {
    return this.settings.ackWaitSeconds * 1000;
  }

  get full(): boolean {
    return this.pending.size >= this.settings.maxInFlight;
  }

  /** The first of what is pending has expired. */
  fire(): void {
    this.cursor.redeliver(this);
  }
}
