import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { NatsTransport, type BusMessage, type BusMessageHandler } from '@app/nats';
import { eventually, FakeMessageBus, RecordedLog } from '@app/nats/testing';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { DataSource } from 'typeorm';
import { Gate } from '../../testing/gate.js';
import { InboxFixture, noteOf } from '../../testing/inbox-fixture.js';
import { notes, type Notes } from '../../testing/notes.js';
import { InboxDeadLetters } from './inbox-dead-letters.js';
import { Inbox } from './inbox.js';
import { parseCursor } from '../ops/paging.js';
import { listDead } from '../ops/sql/list-dead.js';
import { showDeadLetter } from './sql/show-dead-letter.js';
import { takeDeadLetter } from './sql/take-dead-letter.js';

jest.setTimeout(30_000);

const NOW = '2026-03-10T12:00:00Z';
const CHANNEL = 'note.written';
const DELIVERIES_MAX = 3;

const heard = jest.fn<(event: ReturnType<typeof noteOf>) => Promise<void>>();

@Controller()
class Listener {
  constructor(private readonly inbox: Inbox<Notes>) {}

  @EventPattern<string>(CHANNEL)
  async written(@Payload() event: ReturnType<typeof noteOf>): Promise<void> {
    await this.inbox.process(event, () => heard(event));
  }
}

let fixture: InboxFixture;
let log: RecordedLog;

beforeEach(async () => {
  fixture = await InboxFixture.create({ at: NOW });
  log = RecordedLog.start();
  heard.mockReset().mockResolvedValue(undefined);
});
afterEach(() => fixture.drop());

type Delivery = Partial<Omit<BusMessage, 'data'>>;

/** An instance of the service: what it is handed resolves when it would be acknowledged. */
async function instance(dataSource: DataSource = fixture.dataSource) {
  const bus = new FakeMessageBus();
  const handlers: BusMessageHandler[] = [];
  jest.spyOn(bus, 'subscribe').mockImplementation((channel, handler) => {
    handlers.push(handler);
    return { channel, drain: () => Promise.resolve() };
  });
  const sink = new InboxDeadLetters(dataSource, fixture.tables);
  const module = await Test.createTestingModule({
    controllers: [Listener],
    providers: [{ provide: Inbox, useValue: fixture.inbox(dataSource) }],
  }).compile();
  const strategy = new NatsTransport(bus, notes, { sink, deliveriesMax: DELIVERIES_MAX });
  await module.createNestMicroservice({ strategy, logger: log }).listen();
  return (payload: object | Buffer, delivery: Delivery = {}) => {
    const data = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
    return handlers[0]!({ channel: CHANNEL, data, sequence: 7, redelivered: false, ...delivery });
  };
}

const again = { redelivered: true };
const PAGE = { key: undefined, type: undefined, after: undefined, limit: 100 };
const list = async () => {
  const { items } = await listDead(fixture.sql, PAGE);
  return items.map(({ state: _, ...letter }) => letter);
};
const redeliveries = () => fixture.count('select count(*) from inbox_redelivery');

describe('a message that keeps failing', () => {
  it('is kept with its payload at its last delivery, and its count is forgotten', async () => {
    const deliver = await instance();
    const event = noteOf('a', NOW);
    heard.mockRejectedValue(new Error('no'));
    await expect(deliver(event)).rejects.toThrow();
    await expect(deliver(event, again)).rejects.toThrow();
    expect([await list(), await redeliveries()]).toEqual([[], 1]);
    await deliver(event, again);
    expect([await list(), await redeliveries()]).toMatchObject([
      [
        {
          channel: CHANNEL,
          sequence: 7n,
          eventSource: '/notes',
          eventId: event.id,
          reason: 'failed',
          deliveries: DELIVERIES_MAX,
          error: 'Error: no',
          buriedAt: new Date(NOW),
        },
      ],
      0,
    ]);
    expect(await fixture.count('select count(*) from inbox_message')).toBe(0);
  });

  it('is counted over the death of its process, before it is handled', async () => {
    const event = noteOf('a', NOW);
    const death = new Gate();
    heard.mockReturnValue(death.opened.then(() => Promise.reject(new Error('nobody is there to see it'))));
    const unacknowledged = [];
    for (let delivery = 1; delivery < DELIVERIES_MAX; delivery++) {
      const deliver = await instance(await fixture.open());
      unacknowledged.push(expect(deliver(event, { redelivered: delivery > 1 })).rejects.toThrow());
      await eventually('it is being handled', () => heard.mock.calls.length === delivery);
      // What PostgreSQL sees of a process that is killed: its connection ends in the middle of a transaction.
      expect(await endOpenTransactions()).toBe(1);
    }
    expect(await fixture.sql.query('select redeliveries from inbox_redelivery')).toEqual([
      { redeliveries: DELIVERIES_MAX - 2 },
    ]);
    death.open();
    await Promise.all(unacknowledged);
    const deliver = await instance();
    await deliver(event, again);
    expect(heard).toHaveBeenCalledTimes(DELIVERIES_MAX);
    expect(await list()).toMatchObject([{ reason: 'failed', deliveries: DELIVERIES_MAX }]);
  });

  it('is one row, and not handled again, when the process dies before the acknowledgement', async () => {
    const event = noteOf('a', NOW);
    heard.mockRejectedValue(new Error('no'));
    const deliver = await instance(await fixture.open());
    await deliver(event).catch(() => undefined);
    await deliver(event, again).catch(() => undefined);
    await deliver(event, again);
    const before = await list();
    heard.mockClear();
    const next = await instance(await fixture.open());
    await next(event, again);
    expect([await list(), await redeliveries()]).toEqual([before, 0]);
    expect([before.length, heard.mock.calls.length]).toEqual([1, 0]);
  });

  it('is not acknowledged while it cannot be kept, and is kept later', async () => {
    const event = noteOf('a', NOW);
    heard.mockRejectedValue(new Error('no'));
    const deliver = await instance();
    await deliver(event).catch(() => undefined);
    await deliver(event, again).catch(() => undefined);
    await fixture.sql.query('alter table inbox_dead_letter rename to gone');
    await expect(deliver(event, again)).rejects.toThrow('inbox_dead_letter');
    await fixture.sql.query('alter table gone rename to inbox_dead_letter');
    await deliver(event, again);
    expect(await list()).toMatchObject([{ reason: 'failed' }]);
  });

  it('under the same number in a broker that began anew is another message', async () => {
    const deliver = await instance();
    heard.mockRejectedValue(new Error('no'));
    const [one, another] = [noteOf('a', NOW), noteOf('a', NOW)];
    await deliver(one, again).catch(() => undefined);
    await deliver(another, again).catch(() => undefined);
    expect(await fixture.sql.query('select redeliveries from inbox_redelivery')).toEqual([
      { redeliveries: 1 },
      { redeliveries: 1 },
    ]);
  });
});

describe('a message that can never be handled', () => {
  it('is kept byte for byte when it is no event, and even when it is no text', async () => {
    const deliver = await instance();
    const payload = Buffer.from([0, 0xff, 0xfe, 0x7b, 0]);
    await deliver(payload);
    const [summary] = await list();
    expect(summary).toMatchObject({ reason: 'malformed', deliveries: 1 });
    expect(summary).not.toHaveProperty('eventId');
    expect((await showDeadLetter(fixture.sql, summary!.id))?.payload).toEqual(payload);
  });

  it('is kept when what it says of itself is nothing that PostgreSQL takes for text', async () => {
    const deliver = await instance();
    await deliver({ id: 'a\0b', source: '\0', type: 'wr\0ng', long: 'x'.repeat(20_000) });
    expect(await list()).toMatchObject([{ reason: 'malformed', eventId: 'a\ufffdb', eventSource: '\ufffd' }]);
  });

  it('is kept at once when its id is too old, with the reason, and never handled', async () => {
    const deliver = await instance();
    const event = noteOf('a', '2025-12-31T12:00:00Z');
    await deliver(event);
    expect(await list()).toMatchObject([{ reason: 'expired', deliveries: 1, eventId: event.id }]);
    expect((await list())[0]!.error).toMatch(
      /^UnacceptableMessageIdError: .*it is older than what the inbox keeps, because of NoPartitionForIdError: .*no partition/,
    );
    expect(heard).not.toHaveBeenCalled();
  });
});

describe('dead letters', () => {
  /** Buries messages under these numbers, a second apart. */
  async function bury(...sequences: number[]): Promise<string[]> {
    const sink = new InboxDeadLetters(fixture.dataSource, fixture.tables);
    for (const sequence of sequences) {
      await fixture.setClock(new Date(Date.parse(NOW) + sequence * 1_000).toISOString());
      const message = { channel: CHANNEL, data: Buffer.from(`${sequence}`), sequence, redelivered: false };
      await sink.bury(message, { reason: 'failed', deliveries: 1, error: new Error('no') });
    }
    return (await list()).map(({ id }) => id);
  }

  it('are listed from the oldest on, page by page', async () => {
    const ids = await bury(1, 2, 3);
    const first = await listDead(fixture.sql, { ...PAGE, limit: 2 });
    expect(first.items.map(({ sequence }) => sequence)).toEqual([1n, 2n]);
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const after = parseCursor(first.next!, 'id');
    const second = await listDead(fixture.sql, { ...PAGE, limit: 2, after });
    expect(second.items.map(({ sequence }) => sequence)).toEqual([3n]);
  });

  it('are taken once, and gone', async () => {
    const [id] = await bury(1);
    expect(await takeDeadLetter(fixture.sql, id!)).toBeDefined();
    expect(await takeDeadLetter(fixture.sql, id!)).toBeUndefined();
    expect([await list(), await showDeadLetter(fixture.sql, id!)]).toEqual([[], undefined]);
  });

  it('are taken whole, by one, and are back when its transaction fails', async () => {
    const [id] = await bury(1);
    const failing = fixture.dataSource.transaction(async (manager) => {
      const taken = await takeDeadLetter(fixture.tables.on(manager), id!);
      throw new Error(`took ${taken?.payload.toString()}`);
    });
    await expect(failing).rejects.toThrow('took 1');
    const taken = await Promise.all([takeDeadLetter(fixture.sql, id!), takeDeadLetter(fixture.sql, id!)]);
    expect(taken.filter((letter) => letter !== undefined)).toHaveLength(1);
    expect(await list()).toEqual([]);
  });
});

/** @returns how many there were */
async function endOpenTransactions(): Promise<number> {
  const ended = await fixture.dataSource.query<unknown[]>(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and state = 'idle in transaction'`);
  return ended.length;
}
