import {
  MessageBus,
  NatsNotConnectedError,
  PublishRefusedError,
  PublishUnknownError,
  type BusMessageHandler,
  type BusSubscription,
  type PublishAck,
  type PublishOptions,
} from '../src/index.js';

/** One publish that the fake was asked for, whatever its outcome. */
export interface FakePublish {
  readonly channel: string;
  readonly payload: string;
}

/** What the fake answers to a publish. */
export type FakeAnswer = 'acknowledge' | 'refuse' | 'answer-unknown' | 'hang' | 'not-connected';

/**
 * A {@link MessageBus} without a broker, for specs: `overrideProvider(MessageBus).useValue(fakeBus)`.
 * It acknowledges by default, so that an awaited publish resolves, and records what was published.
 */
export class FakeMessageBus extends MessageBus {
  /** Every publish so far, in order. */
  readonly published: FakePublish[] = [];
  private answer: FakeAnswer = 'acknowledge';
  private readonly handlers = new Map<string, BusMessageHandler>();
  private delivered = 0;

  private readonly readyListeners = new Set<() => void>();

  override get ready(): boolean {
    return this.answer !== 'not-connected';
  }

  override onReady(listener: () => void): () => void {
    this.readyListeners.add(listener);
    return () => this.readyListeners.delete(listener);
  }

  /** What every publish from now on is answered. */
  answerWith(answer: FakeAnswer): void {
    this.answer = answer;
    if (this.ready) for (const listener of this.readyListeners) listener();
  }

  /** Forgets the recorded calls and keeps the behaviour; for `afterEach`. */
  clear(): void {
    this.published.length = 0;
  }

  /** Forgets calls, behaviour and subscriptions. */
  reset(): void {
    this.clear();
    this.answer = 'acknowledge';
    this.handlers.clear();
  }

  override async publish(channel: string, payload: string, _options?: PublishOptions): Promise<PublishAck> {
    this.published.push({ channel, payload });
    switch (this.answer) {
      case 'acknowledge':
        return { guid: `fake-${this.published.length}` };
      case 'refuse':
        throw new PublishRefusedError(channel, 'the fake refuses');
      case 'answer-unknown':
        throw new PublishUnknownError(channel, 'the fake does not tell');
      case 'not-connected':
        throw new NatsNotConnectedError('lost');
      case 'hang':
        return new Promise(() => undefined);
    }
  }

  override subscribe(channel: string, handler: BusMessageHandler): BusSubscription {
    this.handlers.set(channel, handler);
    return {
      channel,
      drain: () => {
        this.handlers.delete(channel);
        return Promise.resolve();
      },
    };
  }

  /** Hands a message to the channel's subscriber; rejects as its handler does, which means: not acknowledged. */
  async deliver(channel: string, payload: string): Promise<void> {
    const handler = this.handlers.get(channel);
    if (!handler) throw new Error(`Nobody has subscribed to ${channel}`);
    const sequence = ++this.delivered;
    await handler({ channel, data: Buffer.from(payload), sequence, redelivered: false });
  }
}
