import { PublishRefusedError, type PublishAck } from '@app/nats';
import { FakeMessageBus, RecordedLog } from '@app/nats/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { noteWritten } from '../../testing/notes.js';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import { Inbox } from '../inbox/inbox.js';
import { Retention } from '../retention/retention.js';
import { RETENTION_DEFAULTS } from '../retention/retention.options.js';
import { OutboxMetrics } from './outbox-metrics.js';
import { OutboxSampler, SAMPLER_DEFAULTS } from './outbox-sampler.js';
import { READ_SAMPLE, readSample } from './sql/read-sample.js';

const GAP_AGE_MS = 60_000;
const HOUR_MS = 3_600_000;

let fixture: OutboxFixture;

beforeAll(async () => {
  RecordedLog.start();
  fixture = await OutboxFixture.create();
});
afterEach(() => fixture.clear());
afterAll(() => fixture.drop());

const sample = (rowsMax = 1_000) => readSample(fixture.tables.on(fixture.dataSource), rowsMax, GAP_AGE_MS);
const run = (sql: string) => fixture.dataSource.query(sql);

describe('a sample', () => {
  it('of an empty outbox is none of anything', async () => {
    expect(await sample()).toEqual({
      pendingMessages: 0,
      capped: false,
      oldestPendingAgeMs: 0,
      keys: { ready: 0, due: 0, leased: 0, blocked: 0 },
      parkedMessages: { block: 0, park: 0, skip: 0 },
      leases: 0,
      deadLetters: 0,
      openGaps: 0,
    });
  });

  it('tells what waits by state, and counts every message of a key', async () => {
    const notBefore = new Date(Date.now() + HOUR_MS);
    await fixture.emit(noteWritten('ready', '1'), noteWritten('ready', '2'), noteWritten('ready', '3'));
    await fixture.emit({ event: noteWritten('due'), key: 'due', ordered: true, notBefore });
    await fixture.emit({ event: noteWritten('none'), key: 'none', ordered: false });
    await fixture.emit(noteWritten('blocked', '1'), noteWritten('blocked', '2'));
    await run(
      `update outbox_lane set ready_xid = null, blocked_at = clock_timestamp() where key = 'blocked'`,
    );
    await fixture.emit(noteWritten('leased'));
    await run(`
      insert into outbox_lease values ('0190a0b0-0000-7000-8000-000000000001', 'me', clock_timestamp(), 1);
      update outbox_lane set ready_xid = null, lease_token = '0190a0b0-0000-7000-8000-000000000001'
      where key = 'leased'`);
    expect(await sample()).toMatchObject({
      pendingMessages: 8,
      keys: { ready: 2, due: 1, leased: 1, blocked: 1 },
      leases: 1,
    });
  });

  it('says how long the oldest waits that could leave: neither a blocked one nor a deferred one', async () => {
    const notBefore = new Date(Date.now() + HOUR_MS);
    await fixture.emit({ event: noteWritten('deferred'), key: 'deferred', ordered: true, notBefore });
    await fixture.emit(noteWritten('blocked'));
    await run(`update outbox_lane set pending_since = clock_timestamp() - interval '1 day'`);
    await run(
      `update outbox_lane set ready_xid = null, blocked_at = clock_timestamp() where key = 'blocked'`,
    );
    expect((await sample()).oldestPendingAgeMs).toBe(0);

    await fixture.emit(noteWritten('retried'));
    await run(`
      update outbox_lane set ready_xid = null, due_at = clock_timestamp() + interval '1 second', attempts = 1,
        pending_since = clock_timestamp() - interval '1 hour'
      where key = 'retried'`);
    const { oldestPendingAgeMs } = await sample();
    expect(oldestPendingAgeMs).toBeGreaterThanOrEqual(HOUR_MS);
    expect(oldestPendingAgeMs).toBeLessThan(HOUR_MS + 60_000);
  });

  it('counts up to its cap, and says so; blocked keys are found behind any number of others', async () => {
    for (const key of ['a', 'b', 'c', 'd']) await fixture.emit(noteWritten(key));
    await run(`update outbox_lane set ready_xid = null, blocked_at = clock_timestamp() where key = 'd'`);
    expect(await sample(2)).toMatchObject({ pendingMessages: 2, capped: true, keys: { blocked: 1 } });
    expect(await sample(5)).toMatchObject({ pendingMessages: 4, capped: false });
  });

  it('counts what is parked, dead, or missing for long enough', async () => {
    await run(`
      insert into outbox_parked
        (id, key, sequence, ordered, type, envelope, created_at, attempts, failures, error, policy)
      select gen_random_uuid(), policy, 1, true, 'note.written', '{}', now(), 5, 5, 'no', policy
      from unnest(array['block', 'park', 'park', 'skip', 'skip', 'skip']) as policy;
      insert into inbox_dead_letter (channel, sequence, digest, payload, reason, deliveries, error)
      values ('note.written', 1, '', '', 'failed', 1, 'no');
      insert into inbox_key (source, key, first_sequence, last_sequence, received, gap_since) values
        ('/notes', 'long', 1, 3, 2, clock_timestamp() - interval '2 minutes'),
        ('/notes', 'short', 1, 3, 2, clock_timestamp()),
        ('/notes', 'none', 1, 3, 3, null)`);
    expect(await sample()).toMatchObject({
      parkedMessages: { block: 1, park: 2, skip: 3 },
      deadLetters: 1,
      openGaps: 1,
    });
  });

  it('is had without a look at a message', async () => {
    const plan = await fixture.dataSource.query<object[]>(`explain (format json) ${READ_SAMPLE}`, [
      100_000,
      GAP_AGE_MS,
    ]);
    expect(JSON.stringify(plan)).toContain('"outbox_lane"');
    expect(JSON.stringify(plan)).not.toMatch(/outbox_message|inbox_message/);
  });
});

describe('a relay and an inbox at work', () => {
  /** Refuses whatever says “poison”. */
  class PickyBus extends FakeMessageBus {
    override publish(channel: string, payload: string): Promise<PublishAck> {
      if (payload.includes('poison')) return Promise.reject(new PublishRefusedError(channel, 'too large'));
      return super.publish(channel, payload);
    }
  }

  it('leave in the metrics what they did', async () => {
    const { dataSource, tables } = fixture;
    const metrics = new OutboxMetrics({
      tables,
      sampler: new OutboxSampler(tables.on(dataSource), { ...SAMPLER_DEFAULTS, everyMs: 0 }),
      retention: new Retention(dataSource, tables, RETENTION_DEFAULTS),
    });
    const before = (await metrics.snapshot()).statements;
    metrics.start();
    try {
      await fixture.emit(noteWritten('a', '1'), noteWritten('a', '2'), noteWritten('b', 'poison'));
      const relay = fixture.relay(new PickyBus(), { failuresMax: 1 });
      expect(await relay.deliverBatch()).toEqual({ sent: 2, failed: 1 });
      const inbox = new Inbox(fixture.unitOfWork(), dataSource, tables);
      const event = noteWritten('a', 'in');
      for (let time = 0; time < 3; time++) await inbox.process(event, () => Promise.resolve());
    } finally {
      metrics.stop();
    }
    const { counts, statements, sample: now } = await metrics.snapshot();
    expect(counts).toMatchObject({
      publishes: { acked: 2, refused: 1, unknown: 0, outage: 0 },
      batchMessages: { sum: 3, count: 1 },
      parked: { block: 1 },
      received: { processed: 1, repeated: 2 },
      messagesInFlight: 0,
      batchesHeld: 0,
    });
    expect(now).toMatchObject({ pendingMessages: 1, keys: { blocked: 1 }, parkedMessages: { block: 1 } });
    const ran = (kind: keyof typeof statements) => statements[kind] - before[kind];
    expect({ claim: ran('claim'), read: ran('read'), settle: ran('settle'), store: ran('store') }).toEqual({
      claim: 1,
      read: 1,
      settle: 1,
      store: 1,
    });
  });
});
