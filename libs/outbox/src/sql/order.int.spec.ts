import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PublishRefusedError, type CloudEvent, type PublishAck } from '@app/nats';
import { eventually, FakeMessageBus } from '@app/nats/testing';
import { Logger } from '@nestjs/common';
import { Gate } from '../../testing/gate.js';
import { noteWritten, textsOf } from '../../testing/notes.js';
import { firstNumbers, sequencesByKey } from '../../testing/sequences.js';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import { RELAY_DEFAULTS } from '../outbox.options.js';
import { Relay } from '../relay/relay.js';
import type { SqlRunner } from '../schema/tables.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(30_000);

let fixture: OutboxFixture;
let broker: FakeMessageBus;

beforeAll(async () => {
  fixture = await OutboxFixture.create();
  await fixture.dataSource.query(
    'create table naive_message (id bigserial primary key, text text not null, leased boolean not null default false)',
  );
});
beforeEach(() => {
  broker = new FakeMessageBus();
  for (const level of ['log', 'warn', 'error'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
  }
});
afterEach(async () => {
  await fixture.clear();
  jest.restoreAllMocks();
});
afterAll(() => fixture.drop());

const sent = () => textsOf(broker.published.map(({ payload }) => payload));

/** A slow way to the broker: a publish arrives there when the gate opens. */
class SlowWay extends FakeMessageBus {
  waiting = 0;
  constructor(private readonly gate: Gate) {
    super();
  }

  override async publish(channel: string, payload: string): Promise<PublishAck> {
    this.waiting++;
    await this.gate.opened;
    return broker.publish(channel, payload);
  }
}

async function drain(relay: Relay): Promise<void> {
  do await relay.recover();
  while ((await relay.deliverBatch()).sent > 0);
}

/** What an outbox is, as far as the trap is about it. */
interface Outbox {
  store(text: string): Promise<void>;
  /** Claims what there is, and publishes it. */
  deliver(bus: FakeMessageBus): Promise<void>;
}

/** The trap: a row that is inserted after one relay's snapshot, while its predecessor is in flight there. */
async function insertedBehindOneInFlight(outbox: Outbox): Promise<string[]> {
  const gate = new Gate();
  const way = new SlowWay(gate);
  await outbox.store('1');
  const first = outbox.deliver(way);
  await eventually('the first is in flight', () => way.waiting === 1);
  await outbox.store('2');
  await outbox.deliver(broker);
  gate.open();
  await first;
  await outbox.deliver(broker);
  return sent();
}

describe('a message stored while its predecessor is in flight at another relay', () => {
  it('waits for it: the lane is claimed, not the message', async () => {
    const pools = [fixture.dataSource, await fixture.open()];
    let turn = 0;
    const order = await insertedBehindOneInFlight({
      store: (text) => fixture.emit(noteWritten('a', text)),
      deliver: async (bus) => {
        await fixture.relay(bus, { dataSource: pools[turn++ % 2]! }).deliverBatch();
      },
    });
    expect(order).toEqual(['1', '2']);
  });

  it('overtakes it where rows are claimed with SKIP LOCKED: the test above can fail', async () => {
    const order = await insertedBehindOneInFlight({
      store: (text) => fixture.dataSource.query('insert into naive_message (text) values ($1)', [text]),
      deliver: async (bus) => {
        const [rows] = await fixture.dataSource.query<[{ text: string }[]]>(`
          update naive_message set leased = true
          where id in (
            select id from naive_message where not leased order by id limit 10 for update skip locked
          )
          returning text`);
        for (const { text } of rows) await bus.publish('x', JSON.stringify(noteWritten('a', text)));
      },
    });
    expect(order).toEqual(['2', '1']);
  });
});

describe('a claim that began before another relay claimed, published and settled', () => {
  /** Holds each claim between its snapshot and its first row. */
  const HELD = 42;
  const heldClaims = (runner: SqlRunner): SqlRunner => ({
    query: (sql, parameters) =>
      runner.query(
        sql.replace(
          'crashes < 2',
          `crashes < 2 and (select pg_advisory_xact_lock_shared(${HELD})) is not null`,
        ),
        parameters,
      ),
  });

  it('neither repeats a message nor passes one over, and leaves no lease behind', async () => {
    const [elsewhere, locks] = [await fixture.open(), fixture.dataSource.createQueryRunner()];
    const late = new Relay({
      dataSource: heldClaims(elsewhere),
      tables: fixture.tables,
      bus: broker,
      options: RELAY_DEFAULTS,
    });
    await fixture.emit(noteWritten('a', '1'));
    await locks.query(`select pg_advisory_lock(${HELD})`);
    const lateBatch = late.deliverBatch();
    await eventually('the late claim has its snapshot', async () => (await fixture.waitingForLocks()) === 1);

    await fixture.emit(noteWritten('a', '2'));
    const early = fixture.relay(broker, { runMax: 1 });
    expect(await early.deliverBatch()).toEqual({ sent: 1, failed: 0 });
    await locks.query(`select pg_advisory_unlock(${HELD})`);
    await locks.release();
    await lateBatch;
    await drain(early);

    expect(sent()).toEqual(['1', '2']);
    expect(await fixture.count('select count(*) from outbox_lease')).toBe(0);
    expect(await fixture.count('select count(*) from outbox_lane')).toBe(0);
  });
});

describe('writers of one key that overlap and commit late', () => {
  it('are published completely and in the order of their numbers, by two relays at once', async () => {
    const relays = [
      fixture.relay(broker, { runMax: 2, pollFirstMs: 2, pollLongestMs: 5 }),
      fixture.relay(broker, {
        runMax: 2,
        pollFirstMs: 2,
        pollLongestMs: 5,
        dataSource: await fixture.open(),
      }),
    ];
    for (const relay of relays) relay.start();
    try {
      await Promise.all(
        Array.from({ length: 40 }, (_, writer) =>
          fixture.dataSource
            .transaction(async (manager) => {
              // The other key's order is the opposite one; each writes on while it holds the number.
              const books = writer % 3 === 0 ? ['a', 'b'] : ['a'];
              await fixture.store(manager, ...books.map((book) => noteWritten(book, `${writer}`)));
              await manager.query('select pg_sleep($1)', [(writer % 4) / 200]);
              if (writer % 5 === 0) throw new Error('rolled back');
            })
            .catch((error: Error) => expect(error.message).toBe('rolled back')),
        ),
      );
      await eventually('all are settled', async () => (await fixture.unsent()) === 0);
    } finally {
      await Promise.all(relays.map((relay) => relay.stop()));
    }
    const events = broker.published.map(({ payload }) => JSON.parse(payload) as CloudEvent);
    for (const [book, count] of [
      ['a', 32],
      ['b', 11],
    ] as const) {
      const ofBook = events.filter(({ partitionkey }) => partitionkey === book);
      expect(sequencesByKey(ofBook).get(book)).toEqual(firstNumbers(count));
      const stored = (await fixture.messages()).filter(({ key }) => key === book);
      expect(ofBook.map(({ id }) => id)).toEqual(stored.map(({ id }) => id));
    }
  });
});

describe('a database whose clock goes back', () => {
  /** Stores messages of key `a`; the first one makes its lane. */
  async function stored(first: string, ...texts: string[]): Promise<void> {
    await fixture.emit(noteWritten('a', first));
    await fixture.emit(...texts.map((text) => noteWritten('a', text)));
  }

  /** Makes messages an hour older, as if the clock had gone back between the ones before and them. */
  async function madeOlder(...texts: string[]): Promise<void> {
    await fixture.dataSource.query(
      `update outbox_message set created_at = created_at - interval '1 hour'
       where envelope::json #>> '{data,text}' = any ($1)`,
      [texts],
    );
  }

  it.each([
    ['the first', ['1']],
    ['one between others', ['2']],
    ['all but the first', ['2', '3', '4']],
    ['the last', ['4']],
    ['every second one', ['1', '3']],
  ])('%s is older than its lane thinks: none is passed over', async (_, older) => {
    await stored('1', '2', '3', '4');
    await madeOlder(...older);
    await drain(fixture.relay(broker));
    expect(sent()).toEqual(['1', '2', '3', '4']);
    expect(await fixture.count('select count(*) from outbox_lane')).toBe(0);
  });

  it('a message that is older than the first of its run is parked whole', async () => {
    await stored('1', '2', 'poison', '4');
    await madeOlder('2', 'poison');
    await madeOlder('poison');
    const options = { types: { 'note.written': { whenPoisoned: 'park' } }, failuresMax: 1 } as const;
    const publish = broker.publish.bind(broker);
    jest.spyOn(broker, 'publish').mockImplementation(async (channel, payload) => {
      const ack = await publish(channel, payload);
      if (payload.includes('poison')) throw new PublishRefusedError(channel, 'too large');
      return ack;
    });
    const relay = fixture.relay(broker, options);
    for (let batches = 0; batches < 5; batches++) await relay.deliverBatch();
    expect(sent()).toEqual(['1', '2', 'poison', '4']);
    expect((await fixture.messages()).map(({ state }) => state)).toEqual([
      'settled',
      'settled',
      'parked',
      'settled',
    ]);
  });

  it('a number whose message somebody has deleted holds nothing up', async () => {
    await stored('1', '2', '3');
    await fixture.dataSource.query('delete from outbox_message where sequence = 2');
    await drain(fixture.relay(broker));
    expect(sent()).toEqual(['1', '3']);
  });
});
