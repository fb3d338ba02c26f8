import type { Router } from '../core/router.js';
import { errorText, StoreError } from '../errors.js';
import { PUBLISH_BATCH_MAX_BYTES, PUBLISH_BATCH_MAX_MESSAGES } from '../limits.js';
import type { Log } from '../log.js';
import type { Store } from '../store/store.js';
import { decodePublishRequest, encodePublishAck, type PublishRequest } from '../wire/messages.js';
import { isValidChannelName } from './channel-name.js';
import type { Channel } from './channel.js';
import type { Channels } from './channels.js';
import type { Clients } from './clients.js';
import { Refusal } from './refusals.js';

interface Queued {
  readonly request: PublishRequest;
  readonly reply: string;
}

interface PublishingContext {
  readonly router: Router;
  readonly store: Store;
  readonly channels: Channels;
  readonly clients: Clients;
  readonly log: Log;
}

/**
 * Takes messages in, a batch at a time: stores all, makes them safe with one flush, delivers them, and only then
 * acknowledges them to their publishers. While one batch is being flushed the next one gathers, so that under load
 * one fsync serves hundreds of messages.
 */
export class Publishing {
  messagesIn = 0;
  bytesIn = 0;
  private queue: Queued[] = [];
  /** A batch is under way, or its start is scheduled. */
  private busy = false;
  /** Publishes taken in and done with, ever. */
  private received = 0;
  private settled = 0;
  private readonly barriers: { readonly received: number; readonly action: () => void }[] = [];

  constructor(private readonly context: PublishingContext) {}

  receive(payload: Buffer, reply: string): void {
    const request = decodePublishRequest(payload);
    if (request === undefined) return this.refuse(reply, Buffer.alloc(0));
    this.messagesIn++;
    this.bytesIn += payload.length;
    const { guid, subject, clientId, connectionId } = request;
    const valid = guid.length > 0 && isValidChannelName(subject);
    if (!valid || this.context.clients.find(clientId, connectionId) === undefined)
      return this.refuse(reply, guid);
    this.queue.push({ request, reply });
    this.received++;
    if (this.busy) return;
    this.busy = true;
    // Everything that arrives in this turn of the event loop makes one batch.
    setImmediate(() => this.run());
  }

  /** Runs `action` when everything received so far is stored and acknowledged. */
  barrier(action: () => void): void {
    if (this.busy) this.barriers.push({ received: this.received, action });
    else action();
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => this.barrier(resolve));
  }

  private run(): void {
    const batch = this.takeBatch();
    const stored = this.store(batch);
    const finish = (error?: unknown): void => this.finish(stored, batch.length, error);
    const flushing = this.context.store.flush();
    if (flushing === undefined) finish();
    else flushing.then(() => finish(), finish);
  }

  private takeBatch(): Queued[] {
    let bytes = 0;
    const end = this.queue.findIndex((queued, index) => {
      bytes += queued.request.data.length;
      return index + 1 >= PUBLISH_BATCH_MAX_MESSAGES || bytes >= PUBLISH_BATCH_MAX_BYTES;
    });
    return this.queue.splice(0, end < 0 ? this.queue.length : end + 1);
  }

  /** Returns what was stored; what could not be is refused. */
  private store(batch: Queued[]): Map<Channel, Queued[]> {
    const stored = new Map<Channel, Queued[]>();
    for (const queued of batch) {
      const { subject, reply, data, guid } = queued.request;
      try {
        const channel = this.context.channels.obtain(subject);
        channel.log.append({ reply, data });
        const others = stored.get(channel);
        if (others === undefined) stored.set(channel, [queued]);
        else others.push(queued);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.context.log.error(`Unable to store a message on ${subject}: ${error.message}`);
        this.refuse(queued.reply, guid, error.message);
      }
    }
    return stored;
  }

  private finish(stored: Map<Channel, Queued[]>, count: number, error: unknown): void {
    if (error === undefined) {
      for (const channel of stored.keys()) channel.deliverStored();
    }
    const text = error === undefined ? '' : errorText(error);
    for (const queued of [...stored.values()].flat()) {
      this.context.router.publish(queued.reply, '', encodePublishAck(queued.request.guid, text));
    }
    this.settled += count;
    this.busy = this.queue.length > 0;
    while ((this.barriers[0]?.received ?? Infinity) <= this.settled) this.barriers.shift()?.action();
    if (this.busy) this.run();
  }

  private refuse(reply: string, guid: Buffer, error: string = Refusal.publish): void {
    this.context.router.publish(reply, '', encodePublishAck(guid, error));
  }
}
