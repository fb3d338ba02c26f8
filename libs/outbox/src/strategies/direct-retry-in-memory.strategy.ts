import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs, type CloudEvent, type MessageBus } from '@app/nats';
import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { EmittedEvent } from '../emitted-event.js';
import { EventsUnpublishedError, MemoryQueueEndedError, MemoryQueueFullError } from '../outbox.errors.js';
import { PublishingStrategy } from './publishing.strategy.js';

/** Limits of {@link DirectRetryInMemoryStrategy}. */
export interface MemoryQueueOptions {
  /** Events that may wait; when as many do, nothing more is taken. What is being committed then may exceed it. */
  readonly eventsMax: number;
  /** First and longest pause after a publish that failed, in ms. */
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  /** How long a stop waits for the queue to empty, in ms. */
  readonly drainMs: number;
}

/** Defaults: 10,000 events of 1 kB are 10 MB; a stop ends well within the 10 s that a process is given. */
export const MEMORY_QUEUE_DEFAULTS: MemoryQueueOptions = {
  eventsMax: 10_000,
  retryFirstMs: 50,
  retryLongestMs: 1_000,
  drainMs: 5_000,
};

/** How many of the lost are named in the log. */
const NAMED_MAX = 20;

/**
 * `direct-retry-in-memory`: save, keep the event in memory, and publish it until it is acknowledged. **Not for
 * production**: it outlives a broker that is away, and not the process. A crash or a restart loses what waits, after
 * the caller was told that all is well. One event that the broker refuses for good holds up all behind it.
 *
 * Events leave one by one, in the order of their commits as this process saw them.
 *
 * | state    | means                                                      | leaves it                                |
 * |----------|------------------------------------------------------------|------------------------------------------|
 * | idle     | nothing waits, no timer, no publish                        | an event → sending                       |
 * | sending  | the first in the queue is published, or rests from a failure | empty → idle; stop's time is up → ended |
 * | ended    | what is left in the queue is lost, and in the log          | never                                    |
 */
export class DirectRetryInMemoryStrategy extends PublishingStrategy {
  private readonly logger = new Logger('DirectRetryInMemory');
  private readonly queue: CloudEvent[] = [];
  private sending: Promise<void> | undefined;
  private readonly ended = new AbortController();

  constructor(
    private readonly bus: MessageBus,
    private readonly options: MemoryQueueOptions = MEMORY_QUEUE_DEFAULTS,
  ) {
    super();
  }

  /** How many events wait. */
  get waiting(): number {
    return this.queue.length;
  }

  /** @throws EventsUnpublishedError when the queue is full or ended: before the commit, so that nothing is recorded */
  override async beforeCommit(manager: EntityManager, events: readonly EmittedEvent[]): Promise<void> {
    await super.beforeCommit(manager, events);
    const { eventsMax } = this.options;
    const full = this.queue.length + events.length > eventsMax;
    if (!full && !this.ended.signal.aborted) return;
    const cause = full ? new MemoryQueueFullError(eventsMax) : new MemoryQueueEndedError();
    throw new EventsUnpublishedError(
      events.map(({ event }) => event),
      { cause },
    );
  }

  override afterCommit(events: readonly EmittedEvent[]): Promise<void> {
    this.queue.push(...events.map(({ event }) => event));
    if (this.ended.signal.aborted) this.giveUp();
    else this.sending ??= this.send();
    return Promise.resolve();
  }

  /** Waits for the queue to empty, for `drainMs` at most; what is left then is lost. Safe to call twice. */
  override async stop(): Promise<void> {
    const timer = setTimeout(() => this.ended.abort(), this.options.drainMs);
    if (!this.ended.signal.aborted) await Promise.race([this.sending, once(this.ended.signal, 'abort')]);
    clearTimeout(timer);
    this.ended.abort();
    this.giveUp();
  }

  private async send(): Promise<void> {
    let failures = 0;
    for (let event = this.queue[0]; event && !this.ended.signal.aborted; event = this.queue[0]) {
      try {
        await this.publish(this.bus, event);
        this.queue.shift();
        failures = 0;
      } catch (error) {
        if (failures === 0) this.logger.warn(`${event.type} ${event.id} is tried again: ${String(error)}`);
        await this.rest(failures++);
      }
    }
    // Here, and not in a callback: an event that comes between the two would wait for nobody.
    this.sending = undefined;
  }

  private async rest(failures: number): Promise<void> {
    const { retryFirstMs, retryLongestMs } = this.options;
    const { signal } = this.ended;
    await pause(backoffMs(failures, retryFirstMs, retryLongestMs), undefined, { signal }).catch(
      () => undefined,
    );
  }

  private giveUp(): void {
    const lost = this.queue.splice(0);
    if (lost.length === 0) return;
    const named = lost.slice(0, NAMED_MAX).map((event) => `${event.type} ${event.id}`);
    this.logger.error(`${lost.length} events are lost with the process: ${named.join(', ')}`);
  }
}
