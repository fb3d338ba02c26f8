import { Logger } from '@nestjs/common';
import { StartPosition, type Message, type Stan, type Subscription } from 'node-nats-streaming';
import { announce } from './diagnostics.js';
import type { BusMessage, BusMessageHandler, BusSubscription } from './message-bus.js';
import type { NatsConnection } from './nats-connection.js';
import { toError } from './to-error.js';

/**
 * A durable queue subscription that is made again on every new client. It starts with the channel's first
 * stored message; afterwards the broker remembers what the queue has acknowledged.
 *
 * A message is acknowledged after its handler resolved, by hand: the client's automatic acknowledgement is
 * sent when the listener returns, which an async handler does before it has done anything.
 */
export class DurableSubscription implements BusSubscription {
  private readonly logger = new Logger('Nats');
  private readonly running = new Set<Promise<void>>();
  private draining = false;
  private standingOn: Stan | undefined;

  constructor(
    private readonly connection: NatsConnection,
    readonly channel: string,
    private readonly handler: BusMessageHandler,
  ) {}

  /** Whether the server has confirmed it on the client of now. */
  get isAlive(): boolean {
    return this.standingOn !== undefined && this.connection.isUp(this.standingOn);
  }

  /**
   * Subscribes on a client that just connected. A refusal counts as a lost connection: nothing would come. So does a
   * request that nobody answered, also while the connection is interrupted, which is when it was lost: a client that
   * resumes its connection does not ask again.
   */
  openOn(client: Stan): void {
    if (this.draining) return;
    const { channelPrefix, queue, maxInFlight, ackWaitMs } = this.connection.options;
    const options = client
      .subscriptionOptions()
      .setStartAt(StartPosition.FIRST)
      .setDurableName(queue)
      .setManualAckMode(true)
      .setMaxInFlight(maxInFlight)
      .setAckWait(ackWaitMs);
    const subscription: Subscription = client.subscribe(channelPrefix + this.channel, queue, options);
    const refused = (cause: unknown) => {
      if (!this.connection.serves(client)) return;
      this.connection.declareLost(`subscribing to ${this.channel} failed: ${toError(cause).message}`);
    };
    subscription.on('ready', () => {
      this.standingOn = client;
      this.logger.log(`Subscribed to ${this.channel} (queue=${queue})`);
    });
    subscription.on('error', refused);
    subscription.on('timeout', refused);
    subscription.on('message', (message: Message) => this.receive(client, message));
  }

  async drain(): Promise<void> {
    this.draining = true;
    await Promise.all(this.running);
  }

  private receive(client: Stan, message: Message): void {
    // Not taken, not acknowledged: the broker gives it to another instance, or to this one's successor.
    if (this.draining) return;
    const handling = this.handle(client, message).finally(() => this.running.delete(handling));
    this.running.add(handling);
  }

  private async handle(client: Stan, message: Message): Promise<void> {
    const { ackWaitMs } = this.connection.options;
    const busMessage = this.toBusMessage(message);
    announce('nats.message.received', { message: busMessage });
    const overdue = setTimeout(() => this.reportOverdue(busMessage), ackWaitMs);
    try {
      await this.handler(busMessage);
    } catch (error) {
      announce('nats.message.failed', { message: busMessage, error });
      this.logger.error(
        `Message ${message.getSequence()} of ${this.channel} was not processed and stays unacknowledged; ` +
          `it comes again after ${ackWaitMs} ms: ${toError(error).message}`,
      );
      return;
    } finally {
      clearTimeout(overdue);
    }
    announce('nats.message.processed', { message: busMessage });
    // The broker counts a message of the old client as unacknowledged; the new client must not answer for it.
    if (!this.connection.isUp(client)) return;
    message.ack();
    announce('nats.message.acknowledged', { message: busMessage });
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

  private toBusMessage(message: Message): BusMessage {
    return {
      channel: this.channel,
      data: message.getRawData(),
      sequence: message.getSequence(),
      redelivered: message.isRedelivered(),
    };
  }
}
