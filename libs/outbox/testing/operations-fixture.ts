import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { PublishRefusedError, type PublishAck, type PublishOptions } from '@app/nats';
import { FakeMessageBus } from '@app/nats/testing';
import { buryMessage } from '../src/inbox/sql/bury-message.js';
import { OutboxOperations } from '../src/ops/outbox-operations.js';
import type { EventTypesOptions } from '../src/outbox.options.js';
import { textsOf } from './notes.js';
import { OutboxFixture } from './outbox-fixture.js';

/** Refuses messages by their text. */
export class PickyBus extends FakeMessageBus {
  readonly refuses = new Set<string>();

  override async publish(channel: string, payload: string, options?: PublishOptions): Promise<PublishAck> {
    const ack = await super.publish(channel, payload, options);
    if (!this.refuses.has(textsOf([payload])[0] ?? '')) return ack;
    this.published.pop();
    throw new PublishRefusedError(channel, 'too large');
  }
}

/** An outbox and an inbox, the operations on them, and a broker that takes what it is to take. */
export class OperationsFixture {
  readonly operations: OutboxOperations;
  bus = new PickyBus();
  /** How often the relay was woken. */
  wakes = 0;

  private constructor(readonly outbox: OutboxFixture) {
    this.operations = new OutboxOperations(outbox.dataSource, outbox.tables, () => this.wakes++);
  }

  static async create(): Promise<OperationsFixture> {
    return new OperationsFixture(await OutboxFixture.create());
  }

  /** Publishes what is ready, and parks what is refused: at its first failure. */
  async deliver(whenPoisoned: EventTypesOptions[string]['whenPoisoned'] = 'block'): Promise<void> {
    const types = { 'note.written': { whenPoisoned } };
    const relay = this.outbox.relay(this.bus, { failuresMax: 1, types });
    for (let idle = 0; idle < 2;) {
      const { sent, failed } = await relay.deliverBatch();
      idle = sent + failed === 0 ? idle + 1 : 0;
    }
  }

  /** Of the database, for a process that opens it itself. */
  get url(): string {
    return (this.outbox.dataSource.options as { readonly url: string }).url;
  }

  /** The texts that the broker took, in order. */
  get texts(): string[] {
    return textsOf(this.bus.published.map(({ payload }) => payload));
  }

  /** The last events that the broker took, decoded. */
  envelopes(): Record<string, unknown>[] {
    return this.bus.published.map(({ payload }) => JSON.parse(payload) as Record<string, unknown>);
  }

  /** Buries a message as the inbox does. @returns its id */
  async bury(payload: string | Buffer, channel = 'note.written'): Promise<string> {
    const sql = this.outbox.tables.on(this.outbox.dataSource);
    await buryMessage(sql, {
      channel,
      sequence: 7,
      digest: Buffer.from(payload),
      payload: Buffer.from(payload),
      reason: 'failed',
      deliveries: 5,
      error: 'Error: no such book',
    });
    const [row] = await this.outbox.dataSource.query<{ id: string }[]>(
      'select id from inbox_dead_letter order by buried_at desc limit 1',
    );
    return row?.id ?? '';
  }

  /** What is announced as dropped while the callback runs. */
  async droppedIn(work: () => Promise<unknown>): Promise<unknown[]> {
    const announced: unknown[] = [];
    const listener = (detail: unknown) => void announced.push(detail);
    subscribe('outbox.ops.dropped', listener);
    try {
      await work();
    } finally {
      unsubscribe('outbox.ops.dropped', listener);
    }
    return announced;
  }

  async clear(): Promise<void> {
    this.bus = new PickyBus();
    this.wakes = 0;
    await this.outbox.clear();
  }

  drop(): Promise<void> {
    return this.outbox.drop();
  }
}
