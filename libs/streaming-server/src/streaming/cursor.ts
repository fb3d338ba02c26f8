import { RECONNECT_GRACE_MS, REDELIVERY_SLACK_MS, TRANSFER_DELAY_MS } from '../limits.js';
import type { CursorRecord, StateJournal } from '../store/state-journal.js';
import { asRedelivered, readStoredMessage } from '../wire/stored-message.js';
import type { MessageLog } from '../store/message-log.js';
import type { Client } from './client.js';
import { pickMember } from './pick-member.js';
import type { TimerWheel, WheelEntry } from './timer-wheel.js';

/** What a cursor needs of the server around it. */
export interface CursorContext {
  readonly wheel: TimerWheel;
  readonly journal: StateJournal;
  send(inbox: string, message: Buffer): void;
}

/** The messages that a cursor reads, up to the last that is safe. */
export interface ReadableChannel {
  readonly name: string;
  readonly log: MessageLog;
  readonly availableSequence: number;
}

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

  get failing(): boolean {
    return this.client.failedHeartbeats > 0;
  }

  get full(): boolean {
    return this.pending.size >= this.settings.maxInFlight;
  }

  /** The first of what is pending has expired. */
  fire(): void {
    this.cursor.redeliver(this);
  }
}

/**
 * A position in a channel and those who read from it: a plain or durable subscription has one member, a queue group
 * any number. A durable one without members is *offline*: it keeps its position and what was not acknowledged.
 */
export class Cursor {
  lastSent: number;
  readonly members: Member[] = [];
  /** What members that are gone left unacknowledged, in order; empty unless the cursor is offline or resuming. */
  private left: number[] = [];
  private readonly redeliveryCounts = new Map<number, number>();

  constructor(
    readonly channel: ReadableChannel,
    readonly identity: Omit<CursorRecord, 'lastSent'>,
    lastSent: number,
    private readonly context: CursorContext,
  ) {
    this.lastSent = lastSent;
  }

  get isQueue(): boolean {
    return this.identity.queue !== '';
  }

  get isDurable(): boolean {
    return this.identity.durableName !== '';
  }

  get record(): CursorRecord {
    return { ...this.identity, lastSent: this.lastSent };
  }

  /** Every sequence that was sent and not acknowledged. */
  get pending(): number[] {
    const pending = this.members.flatMap((member) => [...member.pending.keys()]);
    return [...pending, ...this.left].sort((a, b) => a - b);
  }

  /** Takes over what a server before this one had sent. */
  restore(pending: readonly number[]): void {
    this.left = [...pending];
  }

  join(member: Member): void {
    this.members.push(member);
  }

  /** The member knows that it is subscribed: what others left comes first, flagged, then new messages. */
  start(member: Member): void {
    member.ready = true;
    const left = this.left;
    this.left = [];
    for (const sequence of left) {
      const message = this.channel.log.read(sequence);
      if (message === undefined) this.settle(sequence);
      else this.sendAgain(member, sequence, message, performance.now() + member.ackWaitMs);
    }
    this.deliver();
  }

  /** The member was there before a restart of the server: what it had not acknowledged expires as it would have. */
  resume(member: Member): void {
    member.ready = true;
    const left = this.left;
    this.left = [];
    const now = performance.now();
    for (const sequence of left) {
      const message = this.channel.log.read(sequence);
      if (message === undefined) {
        this.settle(sequence);
      } else {
        const remainingMs = readStoredMessage(message).timestampMs + member.ackWaitMs - Date.now();
        this.addPending(member, sequence, now + Math.max(RECONNECT_GRACE_MS, remainingMs));
      }
    }
    this.deliver();
  }

  leave(member: Member): void {
    member.gone = true;
    this.context.wheel.cancel(member);
    this.members.splice(this.members.indexOf(member), 1);
    const sequences = [...member.pending.keys()].sort((a, b) => a - b);
    member.pending.clear();
    if (this.members.length === 0) this.left = [...this.left, ...sequences].sort((a, b) => a - b);
    else if (sequences.length > 0) this.dealOut(sequences);
    // A member that left may have been all that held the others back.
    this.deliver();
  }

  /** Sends new messages as long as there are some and a member has room. */
  deliver(): void {
    const { log } = this.channel;
    for (;;) {
      const sequence = Math.max(this.lastSent + 1, log.firstSequence);
      if (sequence > this.channel.availableSequence) return;
      const member = pickMember(this.members);
      if (member === undefined || member.stalled) return;
      const message = log.read(sequence);
      this.lastSent = sequence;
      if (message !== undefined) this.send(member, sequence, message);
    }
  }

  /** An acknowledgement arrived through the member's inbox; in a group the message may be another's by now. */
  acknowledge(member: Member, sequence: number): void {
    const owner = member.pending.has(sequence)
      ? member
      : this.members.find((other) => other.pending.has(sequence));
    if (owner === undefined) return;
    owner.pending.delete(sequence);
    this.settle(sequence);
    this.release(owner);
  }

  redeliver(member: Member): void {
    const now = performance.now();
    if (!this.isQueue && member.failing) {
      this.context.wheel.schedule(member, now + member.ackWaitMs);
      return;
    }
    for (const [sequence, expiresMs] of member.pending) {
      if (expiresMs > now + REDELIVERY_SLACK_MS) break;
      const message = this.channel.log.read(sequence);
      if (message === undefined) {
        member.pending.delete(sequence);
        this.settle(sequence);
      } else {
        this.redeliverOne(member, sequence, message, Math.max(expiresMs, now - member.ackWaitMs / 2));
      }
    }
    this.schedule(member);
    this.release(member);
  }

  private redeliverOne(member: Member, sequence: number, message: Buffer, expiredMs: number): void {
    const target = this.isQueue ? (pickMember(this.members) ?? member) : member;
    member.pending.delete(sequence);
    const from = target === member ? expiredMs : performance.now();
    this.sendAgain(target, sequence, message, from + target.ackWaitMs);
  }

  private send(member: Member, sequence: number, message: Buffer): void {
    this.context.send(member.settings.inbox, message);
    this.context.journal.sent(this.identity.cursorId, sequence);
    this.addPending(member, sequence, performance.now() + member.ackWaitMs);
  }

  private sendAgain(member: Member, sequence: number, message: Buffer, expiresMs: number): void {
    const count = (this.redeliveryCounts.get(sequence) ?? 0) + 1;
    this.redeliveryCounts.set(sequence, count);
    this.context.send(member.settings.inbox, asRedelivered(message, count));
    this.addPending(member, sequence, expiresMs);
  }

  private addPending(member: Member, sequence: number, expiresMs: number): void {
    member.pending.set(sequence, expiresMs);
    member.stalled = member.full;
    if (member.dueTick === undefined) this.schedule(member);
  }

  /** Room again: more may be sent. */
  private release(member: Member): void {
    if (!member.stalled || member.full) return;
    member.stalled = false;
    this.deliver();
  }

  private settle(sequence: number): void {
    this.redeliveryCounts.delete(sequence);
    this.context.journal.acknowledged(this.identity.cursorId, sequence);
  }

  private dealOut(sequences: number[]): void {
    const now = performance.now();
    this.members.slice(0, sequences.length).forEach((heir, index) => {
      const share = sequences.filter((_, position) => position % this.members.length === index);
      // At the front: what is pending is kept in order of expiry.
      heir.pending = new Map([...share.map((sequence) => [sequence, now] as const), ...heir.pending]);
      heir.stalled = heir.full;
      this.context.wheel.schedule(heir, now + TRANSFER_DELAY_MS);
    });
  }

  private schedule(member: Member): void {
    const earliest = member.pending.values().next();
    if (earliest.done !== true) this.context.wheel.schedule(member, earliest.value);
  }
}
