import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, FakeMessageBus } from '@app/nats/testing';
import type { DataSource } from 'typeorm';
import { noteWritten } from '../../testing/notes.js';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import type { EmittedEvent } from '../emitted-event.js';
import { RELAY_DEFAULTS } from '../outbox.options.js';
import { Relay } from '../relay/relay.js';
import type { SqlRunner } from '../schema/tables.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(60_000);

let fixture: OutboxFixture;

beforeAll(async () => {
  fixture = await OutboxFixture.create();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await fixture.clear();
});
afterAll(() => fixture.drop());

/** The statements of this pool from now on, BEGIN and COMMIT among them. */
function statementsOf(dataSource: DataSource): string[] {
  const statements: string[] = [];
  jest.spyOn(dataSource.logger, 'logQuery').mockImplementation((sql) => void statements.push(sql));
  return statements;
}

const unordered = (): EmittedEvent => ({ event: noteWritten('a'), key: 'a', ordered: false });
const ordered = (key: string, notBefore?: Date): EmittedEvent => ({
  event: noteWritten(key),
  key,
  ordered: true,
  ...(notBefore && { notBefore }),
});

describe('the relay’s statements', () => {
  const OFFERED_PER_SECOND = 5_000;
  const MESSAGES = 10_000;
  const TICK_MS = 10;

  it('are at most 0.05 per message at 5,000 events a second offered', async () => {
    const elsewhere = await fixture.open();
    const statements = statementsOf(elsewhere);
    const bus = new FakeMessageBus();
    const relay = fixture.relay(bus, { dataSource: elsewhere });
    relay.start();
    try {
      const begun = performance.now();
      for (let stored = 0; stored < MESSAGES;) {
        // What is due by now: a machine that is late makes up for it.
        const due = Math.min(MESSAGES, ((performance.now() - begun) / 1_000) * OFFERED_PER_SECOND);
        const events = Array.from({ length: Math.floor(due) - stored }, (_, n) =>
          ordered(`book ${(stored + n) % 1_000}`),
        );
        stored += events.length;
        if (events.length > 0) await fixture.emit(...events);
        relay.wake();
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      }
      await eventually('all are sent', () => bus.published.length === MESSAGES, 30_000);
    } finally {
      await relay.stop();
    }
    expect(statements.length).toBeLessThanOrEqual(0.05 * MESSAGES);
    expect(statements.length).toBeGreaterThan(0);
  });

  it('are three for a batch: claim, read, settle', async () => {
    await fixture.emit(...Array.from({ length: 500 }, (_, n) => ordered(`book ${n % 100}`)));
    const statements = statementsOf(fixture.dataSource);
    expect(await fixture.relay().deliverBatch()).toEqual({ sent: 500, failed: 0 });
    expect(statements).toHaveLength(3);
  });
});

describe('row versions that a delivery writes, from the emit to the settlement', () => {
  interface Changes {
    readonly table: string;
    readonly inserted: number;
    readonly updated: number;
  }

  /** New versions in all tables of the outbox; what is deleted was counted when it was written. */
  async function versionsOf(
    transactions: readonly (readonly EmittedEvent[])[],
    before: readonly EmittedEvent[] = [],
  ) {
    const session = fixture.dataSource.createQueryRunner();
    await session.startTransaction();
    try {
      if (before.length > 0) await fixture.store(session.manager, ...before);
      const counted = await versions(session);
      for (const events of transactions) await fixture.store(session.manager, ...events);
      const bus = new FakeMessageBus();
      const relay = new Relay({ dataSource: session, tables: fixture.tables, bus, options: RELAY_DEFAULTS });
      while ((await relay.deliverBatch()).sent > 0);
      expect(bus.published).toHaveLength(before.length + transactions.flat().length);
      return (await versions(session)) - counted;
    } finally {
      await session.rollbackTransaction();
      await session.release();
    }
  }

  async function versions(session: SqlRunner): Promise<number> {
    const rows = await session.query<Changes[]>(`
      select relname as table, n_tup_ins::int as inserted, n_tup_upd::int as updated
      from pg_stat_xact_user_tables where relname like 'outbox\\_%'`);
    return rows.reduce((sum, { inserted, updated }) => sum + inserted + updated, 0);
  }

  it('are six for one message alone: message, counter twice, lane twice, lease', async () => {
    expect(await versionsOf([[ordered('a')]])).toBe(6);
  });

  it('are 1.41 a message for a hundred of ten keys, stored together', async () => {
    expect(await versionsOf([Array.from({ length: 100 }, (_, n) => ordered(`book ${n % 10}`))])).toBe(141);
  });

  it('are 2.31 a message for a hundred of ten keys, each stored by a transaction of its own', async () => {
    expect(await versionsOf(Array.from({ length: 100 }, (_, n) => [ordered(`book ${n % 10}`)]))).toBe(231);
  });

  it('are 3.01 a message for a hundred that need no order', async () => {
    expect(await versionsOf([Array.from({ length: 100 }, unordered)])).toBe(301);
  });
});

describe('a transaction that emits', () => {
  const soon = () => new Date(Date.now() + 60_000);
  it.each([
    ['one event', () => [ordered('a')]],
    ['fifty events over seven keys', () => Array.from({ length: 50 }, (_, n) => ordered(`book ${n % 7}`))],
    ['events that need no order', () => [unordered(), unordered()]],
    ['an event that is to leave later', () => [ordered('a', soon())]],
    ['all kinds together', () => [ordered('a'), unordered(), ordered('b', soon()), ordered('a')]],
  ])('%s has exactly one statement more than without', async (_, events) => {
    const run = (work: readonly EmittedEvent[]) =>
      fixture.dataSource.transaction(async (manager) => {
        await manager.query(`insert into note values (gen_random_uuid())`);
        if (work.length > 0) await fixture.strategy().beforeCommit(manager, work);
      });
    const without = statementsOf(fixture.dataSource);
    await run([]);
    const emitted = events();
    const withEvents = statementsOf(fixture.dataSource);
    await run(emitted);
    jest.restoreAllMocks();
    expect([without.length, withEvents.length]).toEqual([3, 4]);
    expect(await fixture.messages()).toHaveLength(emitted.length);
  });
});
