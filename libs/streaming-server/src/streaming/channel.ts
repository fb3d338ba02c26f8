import type { MessageLog } from '../store/message-log.js';
import type { Cursor, Member } from './cursor.js';

/** A channel: its messages, and who reads them from where. */
export class Channel {
  /** Up to here messages are safe in the store and may be delivered. */
  availableSequence: number;
  readonly cursors = new Set<Cursor>();
  /** The cursors that a later subscription can find again: durables and queue groups. */
  readonly namedCursors = new Map<string, Cursor>();
  /** Members by their inbox and by their acknowledgement inbox: requests may name either. */
  readonly members = new Map<string, Member>();

  constructor(
    readonly name: string,
    readonly log: MessageLog,
  ) {
    this.availableSequence = log.lastSequence;
  }

  /** Members, and what is offline: both count against the limit. */
  get subscriptionCount(): number {
    let count = 0;
    for (const cursor of this.cursors) count += Math.max(1, cursor.members.length);
    return count;
  }

  /** Everything stored is safe now: sends it to whoever waits. */
  deliverStored(): void {
    this.availableSequence = this.log.lastSequence;
    for (const cursor of this.cursors) cursor.deliver();
  }

  addMember(member: Member): void {
    this.members.set(member.settings.inbox, member);
    this.members.set(member.settings.ackInbox, member);
  }

  removeMember(member: Member): void {
    this.members.delete(member.settings.inbox);
    this.members.delete(member.settings.ackInbox);
  }
}

/**
 * The name under which a cursor is found again; undefined for a plain subscription. A durable belongs to a client;
 * a queue group to all, and a durable group is another one than a plain group of the same name.
 */
export function cursorName(identity: {
  clientId: string;
  durableName: string;
  queue: string;
}): string | undefined {
  if (identity.queue !== '') return `queue ${identity.durableName}:${identity.queue}`;
  return identity.durableName === '' ? undefined : `durable ${identity.clientId} ${identity.durableName}`;
}
