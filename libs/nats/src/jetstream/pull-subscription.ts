import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { backoffMs } from '../backoff.js';
import { announce } from '../diagnostics.js';
import type { BusMessage, BusMessageHandler, BusSubscription } from '../message-bus.js';
import { toError } from '../to-error.js';
import type { JetStreamConnection } from './jetstream-connection.js';
import type { JetStreamSession } from './jetstream-session.js';
import { JetStreamConfigurationError } from './jetstream.errors.js';

/** How long one pull waits at the server for messages, in ms; after twice half of it without a sign it is made again. */
const PULL_MS = 5_000;
/** Between two pulls when the first one failed: the server may be electing a leader. */
const PULL_AGAIN_MS = 250;
/** First and longest pause before a message that failed comes again, in ms. The ack wait needs no such pause: its
 * messages come when a process has died. */
const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 30_000;

/**
 * A durable pull consumer, fetched from on every new session. It starts with the channel's first stored message;
 * afterwards the server remembers what the queue has acknowledged.
 *
 * It pulls no more than it has places for: the client's own `consume()` refills by what arrives, not by what is
 * handled, so its only bound would be the consumer's, which all instances share. A message is acknowledged after
 * its handler resolved, and the server confirms that (double acknowledgement); one that failed is given back with
 * a pause that grows with each delivery.
 */
export class PullSubscription implements BusSubscription {
  private readonly logger = new Logger('Nats');
  private readonly running = new Set<Promise<void>>();
  private pull: ConsumerMessages | undefined;
  private draining = false;
  private standingOn: JetStreamSession | undefined;

  constructor(
    private readonly connection: JetStreamConnection,
    readonly channel: string,
    private readonly handler: BusMessageHandler,
  ) {}

  /** Whether its consumer was there at the last look, on the session of now. */
  get isAlive(): boolean {
    return this.standingOn !== undefined && this.connection.isUp(this.standingOn);
  }

  /** Pulls from a session until it is replaced. A wrong configuration counts as a lost connection: nothing would come. */
  async openOn(session: JetStreamSession): Promise<void> {
    while (this.isOpenOn(session)) {
      try {
        const consumer = await session.consumerOf(this.channel);
        this.standingOn = session;
        this.logger.log(`Subscribed to ${this.channel} (queue=${this.connection.options.queue})`);
        while (this.isOpenOn(session)) await this.pullOnce(session, consumer);
      } catch (error) {
        this.standingOn = undefined;
        if (!this.isOpenOn(session)) return;
        const { message } = toError(error);
        if (error instanceof JetStreamConfigurationError) {
          this.connection.declareLost(`subscribing to ${this.channel} failed: ${message}`);
          return;
        }
        this.logger.warn(`Pulling from ${this.channel} failed and goes on: ${message}`);
        session.forgetStreams();
        await delay(PULL_AGAIN_MS);
      }
    }
  }

  /** Ends the pull that waits at the server: after an interruption the server may know nothing of it. */
  pullAgain(): void {
    void this.pull?.close();
  }

  async drain(): Promise<void> {
    this.draining = true;
    await this.pull?.close();
    await Promise.all(this.running);
  }

  private async pullOnce(session: JetStreamSession, consumer: Consumer): Promise<void> {
    const free = this.connection.options.maxInFlight - this.running.size;
    if (free === 0) {
      await Promise.race(this.running);
      return;
    }
    const pull = await consumer.fetch({ max_messages: free, expires: PULL_MS });
    this.pull = pull;
    try {
      for await (const message of pull) this.receive(session, message);
    } finally {
      this.pull = undefined;
    }
  }

  private receive(session: JetStreamSession, message: JsMsg): void {
    if (!this.isOpenOn(session)) {
      this.giveBack(message);
      return;
    }
    const handling = this.handle(session, message).finally(() => this.running.delete(handling));
    this.running.add(handling);
  }

  private async handle(session: JetStreamSession, message: JsMsg): Promise<void> {
    const busMessage = this.toBusMessage(message);
    announce('nats.message.received', { message: busMessage });
    const overdue = setTimeout(() => this.reportOverdue(busMessage), this.connection.options.ackWaitMs);
    try {
      await this.handler(busMessage);
    } catch (error) {
      announce('nats.message.failed', { message: busMessage, error });
      const pauseMs = backoffMs(message.info.deliveryCount - 1, RETRY_FIRST_MS, RETRY_LONGEST_MS);
      this.giveBack(message, pauseMs);
      this.logger.error(
        `Message ${message.seq} of ${this.channel} was not processed and comes again after ${pauseMs} ms: ` +
          toError(error).message,
      );
      return;
    } finally {
      clearTimeout(overdue);
    }
    announce('nats.message.processed', { message: busMessage });
    // A session that was given up is closed: what it did not acknowledge comes again.
    if (this.connection.serves(session)) await this.acknowledge(message, busMessage);
  }

  private async acknowledge(message: JsMsg, busMessage: BusMessage): Promise<void> {
    try {
      await message.ackAck({ timeout: this.connection.options.ackTimeoutMs });
      announce('nats.message.acknowledged', { message: busMessage });
    } catch (error) {
      this.logger.warn(
        `The acknowledgement of message ${message.seq} of ${this.channel} is not confirmed; ` +
          `it may come again: ${toError(error).message}`,
      );
    }
  }

  /** Not an error of the handler: it goes on, and its acknowledgement counts. But it runs twice at once now. */
  private reportOverdue(message: BusMessage): void {
    const { ackWaitMs } = this.connection.options;
    announce('nats.message.overdue', { message });
    this.logger.warn(
      `Message ${message.sequence} of ${this.channel} has been handled for ${ackWaitMs} ms (NATS_ACK_WAIT_MS) ` +
        'without an end: the broker delivers it again meanwhile',
    );
  }

  private giveBack(message: JsMsg, pauseMs?: number): void {
    try {
      message.nak(pauseMs);
    } catch {
      // The client is closed: the message comes again when its ack wait is over.
    }
  }

  private isOpenOn(session: JetStreamSession): boolean {
    return !this.draining && this.connection.serves(session);
  }

  private toBusMessage(message: JsMsg): BusMessage {
    return {
      channel: this.channel,
      data: Buffer.from(message.data),
      sequence: message.seq,
      redelivered: message.redelivered,
    };
  }
}
