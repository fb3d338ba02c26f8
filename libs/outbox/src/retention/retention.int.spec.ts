import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, RecordedLog } from '@app/nats/testing';
import type { EntityManager } from 'typeorm';
import { Gate } from '../../testing/gate.js';
import { InboxFixture, noteOf } from '../../testing/inbox-fixture.js';
import { storeMessages } from '../sql/store-messages.js';
import { AHEAD_DAYS_ALARM } from './retention.options.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(30_000);

const AT_FIRST = '2026-03-10T12:00:00Z';
/** When the day of {@link AT_FIRST} is too old for the outbox, and not for the inbox. */
const LATER = '2026-03-20T12:00:00Z';
const OLD = 'outbox_message_p20260310';
const OTHERS_OLD = ['outbox_message_p20260309', 'outbox_message_p20260311', 'outbox_message_p20260312'];
/** So long that a test ends before it does: it waits for what it says, and for nothing else. */
const NEVER_MS = 60_000;

let fixture: InboxFixture;
let log: RecordedLog;

beforeEach(async () => {
  log = RecordedLog.start();
  fixture = await InboxFixture.create({ at: AT_FIRST });
});
afterEach(() => fixture.drop());

/** Stores a message that is pending. */
async function store(key = 'a', manager: EntityManager = fixture.dataSource.manager): Promise<void> {
  const event = noteOf(key, AT_FIRST);
  await storeMessages(fixture.tables.on(manager), [{ event, key, ordered: true }]);
}
const settleAll = () => fixture.sql.query('delete from outbox_lane');
const outboxDropped = (dropped: readonly string[]) => dropped.filter((name) => name.startsWith('outbox'));

/** Keeps a transaction open in which the statement was run, until it is told to commit. */
async function holding(work: (manager: EntityManager) => Promise<unknown>): Promise<() => Promise<void>> {
  const [begun, end] = [new Gate(), new Gate()];
  const held = fixture.dataSource.transaction(async (manager) => {
    await work(manager);
    begun.open();
    await end.opened;
  });
  await Promise.race([begun.opened, held]);
  return async () => {
    end.open();
    await held;
  };
}

describe('making partitions', () => {
  it('a fresh database has room for yesterday, today and the days ahead, and in the inbox for the whole kept span', async () => {
    const outbox = await fixture.partitions('outbox_message');
    expect([outbox[0], outbox.at(-1), outbox.length]).toEqual(['p20260309', 'p20260317', 9]);
    const inbox = await fixture.partitions('inbox_message');
    expect([inbox[0], inbox.at(-1), inbox.length]).toEqual(['p20260208', 'p20260317', 38]);
  });

  it('each day goes on by a day, and what is there is left alone', async () => {
    await fixture.setClock('2026-03-11T00:00:00Z');
    const { made } = await fixture.retention().runOnce();
    expect(made).toEqual(['outbox_message_p20260318', 'inbox_message_p20260318']);
  });

  it('what is written goes into the partition of its day, and of the id’s day in the inbox', async () => {
    await fixture.setClock('2026-03-11T00:00:00Z');
    await store();
    const lastBefore = noteOf('a', '2026-03-10T23:59:59.999Z', 'before');
    const first = noteOf('a', '2026-03-11T00:00:00.000Z', 'after');
    for (const event of [lastBefore, first]) await fixture.inbox().process(event, () => Promise.resolve());
    const partitions = await fixture.sql.query(`
      select tableoid::regclass::text as name from outbox_message
      union all select tableoid::regclass::text from inbox_message order by 1`);
    expect(partitions).toEqual(
      ['inbox_message_p20260310', 'inbox_message_p20260311', 'outbox_message_p20260311'].map((name) => ({
        name,
      })),
    );
  });

  it('of several instances that come at once one makes them, and none fails', async () => {
    await fixture.setClock(LATER);
    const instances = await Promise.all(Array.from({ length: 4 }, () => fixture.open()));
    const rounds = await Promise.all(instances.map((one) => fixture.retention({}, one).runOnce()));
    const made = rounds.flatMap((round) => round.made);
    expect(made).toContain('inbox_message_p20260327');
    expect(new Set(made).size).toBe(made.length);
  });

  it('while another instance is at it there is nothing to do, and no alarm', async () => {
    await fixture.setClock(LATER);
    const end = await holding((manager) =>
      manager.query(
        `select pg_advisory_xact_lock($1, 'outbox_message'::regclass::oid::integer)`,
        [0x72657465],
      ),
    );
    const retention = fixture.retention();
    expect(await retention.runOnce()).toMatchObject({ made: [], dropped: [], elsewhere: true });
    expect([retention.health(), log.lines]).toEqual([{ healthy: true }, []]);
    await end();
    expect(await retention.runOnce()).toMatchObject({ elsewhere: false });
    expect(retention.health()).toEqual({ healthy: true, daysAhead: { outbox_message: 7, inbox_message: 7 } });
  });

  it('waits for no writer', async () => {
    await fixture.setClock('2026-03-11T12:00:00Z');
    const end = await holding(async (manager) => {
      await store('a', manager);
      await manager.query(`insert into inbox_message (source, id, type) values ('/notes', $1, 't')`, [
        noteOf('a', AT_FIRST).id,
      ]);
    });
    expect((await fixture.retention().runOnce()).made).toHaveLength(2);
    await end();
  });

  it('a day that was dropped is not made again, when more are to be kept', async () => {
    await fixture.setClock(LATER);
    await fixture.retention({ inboxKeepDays: 10 }).runOnce();
    expect((await fixture.partitions('inbox_message'))[0]).toBe('p20260310');
    await fixture.retention({ inboxKeepDays: 60 }).runOnce();
    expect((await fixture.partitions('inbox_message'))[0]).toBe('p20260310');
  });

  it('raises the alarm when few days are left, and goes on when what kept it is gone', async () => {
    await fixture.setClock('2026-03-15T12:00:00Z');
    const end = await holding((manager) =>
      manager.query('lock table only inbox_message in share update exclusive mode'),
    );
    const retention = fixture.retention();
    await expect(retention.runOnce()).rejects.toThrow('lock timeout');
    expect(retention.health()).toEqual({
      healthy: false,
      daysAhead: { outbox_message: 2, inbox_message: 2 },
    });
    expect(log.lines).toContainEqual(
      expect.stringContaining(
        `error inbox_message has partitions for 2 day(s) after today, expected ${AHEAD_DAYS_ALARM} or more`,
      ),
    );
    await end();
    await retention.runOnce();
    expect(retention.health()).toMatchObject({ healthy: true });
  });
});

describe('dropping partitions', () => {
  it('removes what is settled and older than it is kept for, in both tables', async () => {
    await store();
    await settleAll();
    await fixture.setClock(LATER);
    const { dropped, held } = await fixture.retention().runOnce();
    expect(outboxDropped(dropped).sort()).toEqual([OLD, ...OTHERS_OLD].sort());
    expect([(await fixture.partitions('outbox_message'))[0], held]).toEqual(['p20260313', []]);
    expect((await fixture.partitions('inbox_message'))[0]).toBe('p20260218');
  });

  it('leaves the partition of a pending message and the ones after it, and drops them when it is settled', async () => {
    await store();
    await fixture.setClock(LATER);
    const { dropped, held } = await fixture.retention().runOnce();
    expect(outboxDropped(dropped)).toEqual(['outbox_message_p20260309']);
    expect(held).toEqual([OLD, 'outbox_message_p20260311', 'outbox_message_p20260312']);
    await settleAll();
    expect(outboxDropped((await fixture.retention().runOnce()).dropped)).toEqual(held);
  });

  it('leaves those of a blocked key too', async () => {
    await store();
    await fixture.sql.query('update outbox_lane set ready_xid = null, blocked_at = now()');
    await fixture.setClock(LATER);
    expect((await fixture.retention().runOnce()).held).toContain(OLD);
  });

  it('a parked copy holds nothing back', async () => {
    await store();
    await fixture.sql.query(`
      insert into outbox_parked
        (id, key, sequence, ordered, type, envelope, created_at, attempts, failures, error, policy)
      select id, key, sequence, true, type, envelope, created_at, 1, 1, 'no', 'park' from outbox_message`);
    await settleAll();
    await fixture.setClock(LATER);
    expect((await fixture.retention().runOnce()).dropped).toContain(OLD);
    expect(await fixture.count('select count(*) from outbox_parked')).toBe(1);
  });

  it('sees a message that is committed while it waits for the lock', async () => {
    await fixture.sql.query('drop table outbox_message_p20260309');
    const commit = await holding((manager) => store('a', manager));
    await fixture.setClock(LATER);
    const round = fixture.retention({ lockTimeoutMs: NEVER_MS }).runOnce();
    await eventually('it waits for the writer', async () => (await fixture.waitingForLocks()) === 1);
    await commit();
    expect((await round).held).toContain(OLD);
    expect(await fixture.partitions('outbox_message')).toContain('p20260310');
    expect(await fixture.count('select count(*) from outbox_message')).toBe(1);
  });

  it('gives up on a partition that somebody reads, and drops it once that one has ended', async () => {
    await fixture.setClock(LATER);
    const end = await holding((manager) => manager.query(`select count(*) from ${OLD}`));
    const round = await fixture.retention().runOnce();
    expect([outboxDropped(round.dropped), round.postponed]).toEqual([['outbox_message_p20260309'], [OLD]]);
    await end();
    expect((await fixture.retention().runOnce()).dropped).toContain(OLD);
  });

  it('lets writers go on for as long as it waits for a reader of the partition', async () => {
    await fixture.setClock(LATER);
    await fixture.retention({ outboxKeepDays: 30, inboxKeepDays: 60 }).runOnce();
    const end = await holding((manager) => manager.query(`select count(*) from ${OLD}`));
    const round = fixture.retention({ lockTimeoutMs: NEVER_MS }).runOnce();
    await eventually('it waits for the reader', async () => (await fixture.waitingForLocks()) === 1);
    for (let written = 0; written < 10; written++) await store(`key ${written}`);
    expect(await fixture.waitingForLocks()).toBe(1);
    await end();
    expect((await round).dropped).toContain(OLD);
    expect(await fixture.count('select count(*) from outbox_message')).toBe(10);
  });

  it('holds writers up for no longer than it may wait, when another writer stays open', async () => {
    await fixture.setClock(LATER);
    await fixture.retention({ outboxKeepDays: 30 }).runOnce();
    const end = await holding((manager) => store('a', manager));
    const round = fixture.retention().runOnce();
    await eventually('it waits for the open writer', async () => (await fixture.waitingForLocks()) === 1);
    await store('b');
    expect((await round).postponed).toEqual(['outbox_message_p20260309']);
    await end();
  });

  it('tries again soon what was in use, as long as it is started', async () => {
    await fixture.setClock(LATER);
    const end = await holding((manager) => manager.query(`select count(*) from ${OLD}`));
    const postponed = jest.fn();
    subscribe('retention.postponed', postponed);
    const retention = fixture.retention({ everyMs: NEVER_MS });
    retention.start();
    retention.start();
    try {
      await eventually('the first round is over', () => postponed.mock.calls.length > 0);
      await end();
      const partitions = () => fixture.partitions('outbox_message');
      await eventually('it is dropped', async () => (await partitions())[0] === 'p20260313');
    } finally {
      unsubscribe('retention.postponed', postponed);
      await retention.stop();
      await retention.stop();
    }
  });

  it('forgets the counts of redeliveries that are as old as what the inbox keeps', async () => {
    await fixture.sql.query(`
      insert into inbox_redelivery (channel, sequence, digest, redeliveries, counted_at)
      values ('c', 1, '', 1, '2026-02-18T11:59:59Z'), ('c', 2, '', 1, '2026-02-18T12:00:01Z')`);
    await fixture.setClock(LATER);
    await fixture.retention().runOnce();
    expect(await fixture.sql.query('select sequence from inbox_redelivery')).toEqual([{ sequence: '2' }]);
  });
});

describe('a round', () => {
  it('with nothing to do is two statements', async () => {
    fixture.statements.length = 0;
    await fixture.retention().runOnce();
    expect(fixture.statements).toHaveLength(2);
  });

  it('works in a schema and under a prefix of its own', async () => {
    const other = await InboxFixture.create({ at: AT_FIRST, schema: 'billing', prefix: 'eu_' });
    try {
      await other.setClock(LATER);
      const { dropped } = await other.retention().runOnce();
      expect(dropped).toContain(OLD);
      expect(
        await other.count(
          `select count(*) from pg_tables where schemaname = 'billing' and tablename = 'eu_${OLD}'`,
        ),
      ).toBe(0);
      expect((await other.partitions('outbox_message')).at(-1)).toBe('p20260327');
    } finally {
      await other.drop();
    }
  });
});
