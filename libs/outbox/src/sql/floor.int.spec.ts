import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { NatsNotConnectedError } from '@app/nats';
import { eventually, FakeMessageBus, RecordedLog } from '@app/nats/testing';
import type { QueryRunner } from 'typeorm';
import { noteWritten, textsOf } from '../../testing/notes.js';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import type { SqlRunner } from '../schema/tables.js';
import { CLAIM_LANES, claimLanes } from './claim-lanes.js';

jest.setTimeout(30_000);

let fixture: OutboxFixture;
let bus: FakeMessageBus;
const sessions: QueryRunner[] = [];

beforeAll(async () => {
  RecordedLog.start();
  fixture = await OutboxFixture.create();
  bus = new FakeMessageBus();
});
afterEach(async () => {
  for (const session of sessions.splice(0)) {
    if (session.isTransactionActive) await session.rollbackTransaction();
    await session.release();
  }
  await fixture.clear();
  bus.reset();
  jest.restoreAllMocks();
});
afterAll(() => fixture.drop());

/** A transaction that stays open until the test ends it. */
async function open(
  isolation: 'READ COMMITTED' | 'REPEATABLE READ' = 'READ COMMITTED',
): Promise<QueryRunner> {
  const session = fixture.dataSource.createQueryRunner();
  sessions.push(session);
  await session.startTransaction(isolation);
  return session;
}

/** A claim from this floor that takes as many lanes as it may, and where the next one would begin. */
async function claim(floor: string, lanesMax = 100) {
  const leaseToken = randomUUID();
  const options = { floor, lanesMax, leaseToken, holder: 'spec', leaseMs: 60_000, runMax: 1 };
  const found = await claimLanes(fixture.tables.on(fixture.dataSource), CLAIM_LANES, options);
  return { floor: BigInt(found.floor), keys: found.lanes.map(({ key }) => key).toSorted() };
}

/** Where the floor is once it is past another one. Any writer of the server holds it, of other specs' databases too. */
async function movedBeyond(floor: bigint): Promise<bigint> {
  let moved = floor;
  await eventually(`the floor is past ${floor}`, async () => {
    moved = (await claim(String(floor))).floor;
    return moved > floor;
  });
  return moved;
}

const sent = () => textsOf(bus.published.map(({ payload }) => payload));

/** Lets other writers and a relay work, so that ids are drawn and lanes come and go. */
async function work(relay = fixture.relay(bus), rounds = 5): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await fixture.emit(noteWritten('elsewhere', 'elsewhere'));
    while ((await relay.deliverBatch()).sent > 0);
  }
}

describe('the floor', () => {
  it('never passes a writer that is still open: what it commits late is found, however far others have come', async () => {
    const writer = await open();
    await fixture.store(writer.manager, noteWritten('late', 'late'));
    const relay = fixture.relay(bus);
    await work(relay);
    await writer.commitTransaction();
    while ((await relay.deliverBatch()).sent > 0);
    expect(sent().at(-1)).toBe('late');
    expect(await fixture.unsent()).toBe(0);
  });

  it('never passes a writer that has drawn its id, and stores its event only after the floor has moved', async () => {
    const writer = await open();
    await writer.query(`insert into note values ('before')`);
    const relay = fixture.relay(bus);
    await work(relay);
    await fixture.store(writer.manager, noteWritten('late', 'late'));
    await work(relay);
    await writer.commitTransaction();
    while ((await relay.deliverBatch()).sent > 0);
    expect(sent().at(-1)).toBe('late');
  });

  it('is not held by a session that only reads, whatever snapshot it has', async () => {
    const reader = await open('REPEATABLE READ');
    await reader.query('select * from outbox_lane');
    await fixture.emit(noteWritten('a'));
    const first = await claim('0');
    expect(first.keys).toEqual(['a']);
    await work();
    const second = await movedBeyond(first.floor);
    await work();
    await movedBeyond(second);
  });

  it('is held by a session that has written, until it ends, and nothing is lost', async () => {
    const writer = await open('REPEATABLE READ');
    await writer.query(`insert into note values ('held')`);
    const runner: SqlRunner = writer;
    const [{ xid }] = await runner.query<[{ xid: string }]>('select pg_current_xact_id()::text as xid');
    const relay = fixture.relay(bus);
    await work(relay);
    const held = await claim('0');
    await work(relay);
    expect(held.floor).toBeLessThanOrEqual(BigInt(xid));
    expect((await claim(String(held.floor))).floor).toBeLessThanOrEqual(BigInt(xid));
    await writer.commitTransaction();
    await work(relay);
    await movedBeyond(BigInt(xid));
    expect(await fixture.unsent()).toBe(0);
  });

  it('stays at a lane that is ready and could not be claimed', async () => {
    await fixture.emit(noteWritten('a'));
    await fixture.emit(noteWritten('b'));
    const first = await claim('0', 1);
    expect(first.keys).toEqual(['a']);
    await fixture.emit(noteWritten('c'));
    const second = await claim(String(first.floor), 1);
    expect(second.keys).toEqual(['b']);
    expect((await claim(String(second.floor), 9)).keys).toEqual(['c']);
  });

  it('of one relay does not pass a lane that another one is claiming, and gives up', async () => {
    await fixture.emit(noteWritten('a', 'a'));
    const other = await open();
    const options = {
      floor: '0',
      lanesMax: 9,
      leaseToken: randomUUID(),
      holder: 'x',
      leaseMs: 9_000,
      runMax: 1,
    };
    const { lanes } = await claimLanes(fixture.tables.on(other), CLAIM_LANES, options);
    expect(lanes).toHaveLength(1);
    const relay = fixture.relay(bus);
    await work(relay);
    expect(sent()).not.toContain('a');
    await other.rollbackTransaction();
    await relay.deliverBatch();
    expect(sent()).toContain('a');
  });

  it('of one relay finds a lane that another one has given back', async () => {
    const [one, other] = [fixture.relay(bus), fixture.relay(bus, { dataSource: await fixture.open() })];
    await work(one);
    await fixture.emit(noteWritten('a', 'a'));
    jest.spyOn(bus, 'publish').mockRejectedValueOnce(new NatsNotConnectedError('lost'));
    expect(await other.deliverBatch()).toEqual({ sent: 0, failed: 1 });
    await work(one);
    expect(sent()).toContain('a');
  });
});
