import type { SimulatedProcess } from '../world/simulated-process.js';
import type { Strikes } from '../world/strikes.js';
import type { Pending, World } from '../world/world.js';

/** A message that the broker has taken. */
export interface StoredMessage {
  readonly channel: string;
  /** Its number in its channel, from 1. */
  readonly sequence: number;
  readonly payload: string;
}

/** What a member has asked for, and how it is reached. */
export interface MemberSettings {
  readonly maxInFlight: number;
  readonly ackWaitMs: number;
  readonly deliver: (message: StoredMessage, redelivered: boolean) => void;
}

/** One subscriber of a group. */
export interface Member {
  readonly group: QueueGroup;
  readonly owner: SimulatedProcess;
  readonly settings: MemberSettings;
}

interface Unacknowledged {
  member: Member | undefined;
  expiry: Pending | undefined;
}

/** Before a message that a member has left is given to another, in microseconds. */
const TRANSFER_MICROS = 100_000;
const LATE_MICROS = 3_000_000;

/** A durable queue group: it remembers how far its channel was read, and what was not acknowledged. */
export class QueueGroup {
  private readonly members: Member[] = [];
  private readonly unacknowledged = new Map<number, Unacknowledged>();
  private lastSent = 0;

  constructor(
    private readonly messages: readonly StoredMessage[],
    private readonly parts: { readonly world: World; readonly strikes: Strikes },
  ) {}

  get drained(): boolean {
    return this.unacknowledged.size === 0 && this.lastSent === this.messages.length;
  }

  /** What was not delivered yet, or not acknowledged. */
  get open(): StoredMessage[] {
    return this.messages.filter(
      ({ sequence }) => sequence > this.lastSent || this.unacknowledged.has(sequence),
    );
  }

  join(owner: SimulatedProcess, settings: MemberSettings): Member {
    const member = { group: this, owner, settings };
    this.members.push(member);
    for (const [sequence, { member: holder }] of this.unacknowledged) if (!holder) this.redeliver(sequence);
    this.deliver();
    return member;
  }

  leave(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    for (const [sequence, waiting] of this.unacknowledged) {
      if (waiting.member !== member) continue;
      waiting.member = undefined;
      waiting.expiry?.cancel();
      waiting.expiry = this.after(TRANSFER_MICROS, sequence);
    }
    this.deliver();
  }

  /** Sends what is new, in its order, as long as a member has room. */
  deliver(): void {
    while (this.lastSent < this.messages.length) {
      const member = this.memberWithRoom();
      if (!member) return;
      this.send(member, ++this.lastSent, false);
    }
  }

  acknowledge(sequence: number): void {
    this.unacknowledged.get(sequence)?.expiry?.cancel();
    this.unacknowledged.delete(sequence);
    this.deliver();
  }

  /** The server is down: nothing expires meanwhile. */
  pause(): void {
    for (const waiting of this.unacknowledged.values()) waiting.expiry?.cancel();
  }

  /** The server is back, and its members with it, as far as they still live. */
  resume(): void {
    for (const [sequence, waiting] of this.unacknowledged) {
      waiting.expiry = this.after((waiting.member?.settings.ackWaitMs ?? 0) * 1_000, sequence);
    }
    this.deliver();
  }

  /** The one with the fewest messages; of equals the one that has waited longest. */
  private memberWithRoom(): Member | undefined {
    let best: { readonly member: Member; readonly held: number } | undefined;
    for (const member of this.members) {
      const held = [...this.unacknowledged.values()].filter((waiting) => waiting.member === member).length;
      if (held < member.settings.maxInFlight && (!best || held < best.held)) best = { member, held };
    }
    if (!best) return undefined;
    this.members.splice(this.members.indexOf(best.member), 1);
    this.members.push(best.member);
    return best.member;
  }

  private send(member: Member, sequence: number, redelivered: boolean): void {
    const message = this.messages[sequence - 1] as StoredMessage;
    const expiry = this.after(member.settings.ackWaitMs * 1_000, sequence);
    this.unacknowledged.set(sequence, { member, expiry });
    const fate = this.parts.strikes.strike('broker.delivery', member.owner);
    if (fate === 'lost') return;
    const deliver = () => member.settings.deliver(message, redelivered);
    if (fate === 'late') this.parts.world.after(LATE_MICROS, 'late delivery', deliver);
    else deliver();
    if (fate === 'twice') deliver();
  }

  private redeliver(sequence: number): void {
    const waiting = this.unacknowledged.get(sequence);
    if (!waiting) return;
    waiting.expiry?.cancel();
    const member = this.memberWithRoom() ?? waiting.member;
    if (member) this.send(member, sequence, true);
    else waiting.expiry = undefined;
  }

  private after(micros: number, sequence: number): Pending {
    return this.parts.world.after(micros, 'acknowledgement overdue', () => this.redeliver(sequence));
  }
}
