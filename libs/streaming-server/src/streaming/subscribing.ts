import type { Router } from '../core/router.js';
import { errorText, RefusedError, StoreError } from '../errors.js';
import type { Log } from '../log.js';
import type { RecoveredCursor } from '../store/state-journal.js';
import type { Store } from '../store/store.js';
import {
  decodeAck,
  decodeSubscriptionRequest,
  decodeUnsubscribeRequest,
  encodeSubscriptionResponse,
  type SubscriptionRequest,
} from '../wire/messages.js';
import { newInbox } from '../wire/nuid.js';
import { isValidChannelName } from './channel-name.js';
import { cursorName, type Channel } from './channel.js';
import type { Channels } from './channels.js';
import type { Client } from './client.js';
import type { Clients } from './clients.js';
import { Cursor, Member, type CursorContext, type MemberSettings } from './cursor.js';
import { Refusal } from './refusals.js';
import { lastUnwantedSequence } from './start-position.js';

interface SubscribingContext extends CursorContext {
  readonly router: Router;
  readonly store: Store;
  readonly channels: Channels;
  readonly clients: Clients;
  readonly log: Log;
}

/** Subscriptions come, are resumed, and go. */
export class Subscribing {
  private lastId = 0;
  private readonly members = new Map<Client, Set<Member>>();

  constructor(private readonly context: SubscribingContext) {}

  /** Brings back the subscriptions of a server before this one, to the clients that it knew. */
  restore(cursors: readonly RecoveredCursor[]): void {
    for (const recovered of cursors) {
      const { pending, members, lastSent, ...identity } = recovered;
      const channel = this.context.channels.obtain(identity.channel);
      const cursor = new Cursor(channel, identity, lastSent, this.context);
      cursor.restore(pending);
      this.addCursor(channel, cursor);
      this.lastId = Math.max(this.lastId, identity.cursorId, ...members.map((member) => member.memberId));
      for (const { clientId, ...settings } of members) {
        const client = this.context.clients.byId.get(clientId);
        if (client !== undefined) this.addMember(channel, cursor, client, settings);
      }
    }
  }

  /** Lets restored subscriptions send: what was pending comes again. Call when clients can be reached. */
  resume(): void {
    for (const channel of this.context.channels.byName.values()) {
      for (const cursor of channel.cursors) {
        for (const member of [...cursor.members]) cursor.resume(member);
      }
    }
  }

  async subscribe(payload: Buffer, reply: string): Promise<void> {
    try {
      const member = this.add(decodeSubscriptionRequest(payload));
      await this.context.store.flush();
      if (member.gone) return;
      // The answer goes first: a message before it finds no acknowledgement inbox in the client.
      this.answer(reply, member.settings.ackInbox);
      member.cursor.start(member);
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof StoreError)) throw error;
      this.context.log.error(`Unable to create subscription: ${error.message}`);
      this.answer(reply, '', error.message);
    }
  }

  /** `unsubscribe` also forgets a durable; otherwise it stays, offline. */
  async end(payload: Buffer, reply: string, unsubscribe: boolean): Promise<void> {
    const request = decodeUnsubscribeRequest(payload);
    if (request === undefined) return this.answer(reply, '', Refusal.unsubscribe);
    const channel = this.context.channels.byName.get(request.subject);
    if (channel === undefined) return this.answer(reply, '', Refusal.unknownChannel);
    const member = channel.members.get(request.inbox);
    if (member === undefined) return this.answer(reply, '', Refusal.unknownSubscription);
    if (member.client.id !== request.clientId) return this.answer(reply, '', Refusal.unknownClient);
    this.remove(member, unsubscribe);
    try {
      await this.context.store.flush();
      this.answer(reply, '');
    } catch (error) {
      this.context.log.error(`Unable to end subscription: ${errorText(error)}`);
      this.answer(reply, '', errorText(error));
    }
  }

  /** Closes everything a client has; its durables stay, offline. */
  closeAll(client: Client): void {
    for (const member of this.membersOf(client)) this.remove(member, false);
  }

  /** The subscriptions of a client. */
  membersOf(client: Client): Member[] {
    return [...(this.members.get(client) ?? [])];
  }

  /** Throws `RefusedError` or `StoreError`. */
  private add(request: SubscriptionRequest | undefined): Member {
    if (request === undefined) throw new RefusedError(Refusal.subscription);
    const client = this.check(request);
    const channel = this.context.channels.obtain(request.subject);
    const { queue, durableName } = request;
    if (queue !== '' && durableName.includes(':')) throw new RefusedError(Refusal.durableQueueName);
    const identity = { channel: channel.name, clientId: queue === '' ? client.id : '', durableName, queue };
    const known = channel.namedCursors.get(cursorName(identity) ?? '');
    if (known?.isQueue === false && known.members.length > 0) throw new RefusedError(Refusal.durableTaken);
    if (known === undefined || known.members.length > 0) this.checkRoom(channel);
    const cursor = known ?? this.newCursor(channel, identity, request);
    const { inbox, maxInFlight, ackWaitSeconds } = request;
    const settings = { memberId: ++this.lastId, inbox, ackInbox: newInbox(), maxInFlight, ackWaitSeconds };
    this.context.journal.saveMember({ ...settings, cursorId: cursor.identity.cursorId, clientId: client.id });
    return this.addMember(channel, cursor, client, settings);
  }

  /** The checks in the real server's order; the first that fails is the answer. */
  private check(request: SubscriptionRequest): Client {
    const { startPosition } = request;
    if (request.clientId === '') throw new RefusedError(Refusal.clientIdMissing);
    if (request.ackWaitSeconds <= 0) throw new RefusedError(Refusal.ackWait);
    if (request.maxInFlight <= 0) throw new RefusedError(Refusal.maxInFlight);
    if (startPosition < 0 || startPosition > 4) throw new RefusedError(Refusal.startPosition);
    if (!isValidChannelName(request.subject)) throw new RefusedError(Refusal.subject);
    const client = this.context.clients.byId.get(request.clientId);
    if (client === undefined) throw new RefusedError(Refusal.unknownClient);
    return client;
  }

  private checkRoom(channel: Channel): void {
    const { subscriptionsMax } = this.context.store.limits;
    if (subscriptionsMax > 0 && channel.subscriptionCount >= subscriptionsMax) {
      throw new RefusedError(Refusal.tooManySubscriptions);
    }
  }

  private newCursor(
    channel: Channel,
    identity: { channel: string; clientId: string; durableName: string; queue: string },
    request: SubscriptionRequest,
  ): Cursor {
    const lastSent = lastUnwantedSequence(request, channel);
    const cursor = new Cursor(channel, { ...identity, cursorId: ++this.lastId }, lastSent, this.context);
    this.context.journal.saveCursor(cursor.record);
    this.addCursor(channel, cursor);
    return cursor;
  }

  private addCursor(channel: Channel, cursor: Cursor): void {
    const name = cursorName(cursor.identity);
    channel.cursors.add(cursor);
    if (name !== undefined) channel.namedCursors.set(name, cursor);
  }

  private addMember(channel: Channel, cursor: Cursor, client: Client, settings: MemberSettings): Member {
    const member = new Member(cursor, client, settings);
    cursor.join(member);
    this.members.set(client, new Set([...this.membersOf(client), member]));
    channel.addMember(member);
    member.stopAcks = this.context.router.subscribe(settings.ackInbox, (_subject, _reply, payload) => {
      const ack = decodeAck(payload);
      if (ack?.subject === channel.name) cursor.acknowledge(member, ack.sequence);
    });
    return member;
  }

  private remove(member: Member, unsubscribe: boolean): void {
    const { cursor, client } = member;
    const channel = this.context.channels.obtain(cursor.channel.name);
    const others = this.membersOf(client).filter((other) => other !== member);
    if (others.length > 0) this.members.set(client, new Set(others));
    else this.members.delete(client);
    member.stopAcks();
    channel.removeMember(member);
    this.context.journal.removeMember(member.settings.memberId);
    cursor.leave(member);
    if (cursor.members.length > 0 || (cursor.isDurable && !unsubscribe)) return;
    channel.cursors.delete(cursor);
    channel.namedCursors.delete(cursorName(cursor.identity) ?? '');
    this.context.journal.removeCursor(cursor.identity.cursorId);
  }

  private answer(reply: string, ackInbox: string, error = ''): void {
    this.context.router.publish(reply, '', encodeSubscriptionResponse(ackInbox, error));
  }
}
