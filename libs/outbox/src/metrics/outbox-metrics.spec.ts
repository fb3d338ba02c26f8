import { NatsNotConnectedError, PublishRefusedError, PublishUnknownError } from '@app/nats';
import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { announce, type OutboxStep } from '../diagnostics.js';
import type { Batch } from '../relay/batch.js';
import { Tables } from '../schema/tables.js';
import { CLAIM_LANES, CLAIM_SUSPECT } from '../sql/claim-lanes.js';
import { RECOVER_LANES } from '../sql/recover-lanes.js';
import { SETTLE_LANES } from '../sql/settle-lanes.js';
import { STORE_MESSAGES, STORE_ONE_MESSAGE } from '../sql/store-messages.js';
import { READ_RUNS } from '../sql/read-runs.js';
import { OutboxMetrics } from './outbox-metrics.js';

const LEASE_MS = 60_000;

let tables: Tables;
let metrics: OutboxMetrics;

beforeEach(() => {
  tables = new Tables();
  const sampler = { sample: () => Promise.resolve(undefined) };
  metrics = new OutboxMetrics({ tables, sampler, retention: { health: () => ({ healthy: true }) } });
  metrics.start();
});
afterEach(() => metrics.stop());

const counts = async () => (await metrics.snapshot()).counts;

/** A batch of lanes with so many messages each. */
function batchOf(leaseToken: string, runs: readonly number[], leaseMs = LEASE_MS): Batch {
  const lengths = runs.map((length, lane) => [`key ${lane}`, Array.from({ length }, () => ({}))] as const);
  const leaseEndsAt = performance.now() + leaseMs;
  return { leaseToken, leaseEndsAt, lanes: [], runs: new Map(lengths) } as unknown as Batch;
}

function times(count: number, step: OutboxStep, detail: object = {}): void {
  for (let nth = 0; nth < count; nth++) announce(step, detail);
}

describe('publishes', () => {
  it('are counted by what the broker said', async () => {
    const failures = [
      [1, new PublishRefusedError('a', 'too large')],
      [2, new PublishUnknownError('a', 'silence')],
      [3, new NatsNotConnectedError('lost')],
    ] as const;
    times(10, 'outbox.relay.publishing');
    times(4, 'outbox.relay.acked');
    for (const [count, error] of failures) times(count, 'outbox.relay.failed', { error });
    expect((await counts()).publishes).toEqual({ acked: 4, refused: 1, unknown: 2, outage: 3 });
  });

  it('are in flight until they are answered, one way or the other', async () => {
    times(5, 'outbox.relay.publishing');
    times(2, 'outbox.relay.acked');
    times(1, 'outbox.relay.failed', { error: new PublishUnknownError('a', 'silence') });
    expect((await counts()).messagesInFlight).toBe(2);
  });
});

describe('batches', () => {
  it('are held until they are settled, or fenced off', async () => {
    const batches = ['one', 'two', 'three'].map((token) => batchOf(token, [1]));
    for (const batch of batches) announce('outbox.relay.claimed', batch);
    expect((await counts()).batchesHeld).toBe(3);
    announce('outbox.relay.settled', { batch: batches[0] });
    announce('outbox.relay.fenced', { batch: batches[1] });
    expect(await counts()).toMatchObject({ batchesHeld: 1, settlementsFenced: 1 });
  });

  it('are held no longer than their lease, when the database did not let them be settled', async () => {
    announce('outbox.relay.claimed', batchOf('late', [1], -1));
    expect((await counts()).batchesHeld).toBe(0);
  });

  it('are counted by how many messages they have', async () => {
    for (const runs of [[], [1], [2, 3], [2_000, 2_000], [5_001]]) {
      announce('outbox.relay.claimed', batchOf(`batch of ${runs.length}`, runs));
    }
    const { buckets, sum, count } = (await counts()).batchMessages;
    expect(buckets.map(({ upTo, count: upToHere }) => `${upTo}:${upToHere}`).join(' ')).toBe(
      '1:2 2:2 5:3 10:3 20:3 50:3 100:3 200:3 500:3 1000:3 2000:3 5000:4 Infinity:5',
    );
    expect([sum, count]).toEqual([9_007, 5]);
  });
});

describe('what goes wrong', () => {
  it('is counted: what is parked, taken over, and dropped', async () => {
    for (const policy of ['block', 'park', 'park', 'skip']) {
      announce('outbox.relay.parked', { parked: { policy } });
    }
    times(2, 'outbox.relay.recovered', { expiredLeases: 3 });
    for (const state of ['parked', 'dead', 'dead'])
      announce('outbox.ops.dropped', { message: { state }, reason: '' });
    expect(await counts()).toMatchObject({
      parked: { block: 1, park: 2, skip: 1 },
      leasesRecovered: 6,
      dropped: { parked: 1, dead: 2 },
    });
  });

  it('is counted: pauses, and whether one goes on', async () => {
    expect(await counts()).toMatchObject({ pauses: 0, paused: false });
    announce('outbox.relay.paused', {});
    expect(await counts()).toMatchObject({ pauses: 1, paused: true });
    announce('outbox.relay.resumed', {});
    expect(await counts()).toMatchObject({ pauses: 1, paused: false });
  });
});

describe('what comes', () => {
  it('is counted: handled, swallowed, out of order, with gaps', async () => {
    times(5, 'inbox.committed');
    times(4, 'inbox.repeated');
    times(3, 'inbox.out-of-order');
    times(2, 'inbox.gap-opened');
    times(1, 'inbox.gap-closed');
    expect(await counts()).toMatchObject({
      received: { processed: 5, repeated: 4 },
      outOfOrder: 3,
      gapsOpened: 2,
      gapsClosed: 1,
    });
  });

  it('is counted: dead letters, as the transport announces them', async () => {
    for (const reason of ['failed', 'failed', 'expired']) channel('nats.message.buried').publish({ reason });
    expect((await counts()).buried).toEqual({ malformed: 0, failed: 2, expired: 1 });
  });
});

it('partitions are counted by what the retention did', async () => {
  announce('retention.made', { partitions: ['a', 'b', 'c'] });
  announce('retention.dropped', { partitions: ['d', 'e'] });
  announce('retention.postponed', { partitions: ['f'] });
  expect((await counts()).partitions).toEqual({ made: 3, dropped: 2, postponed: 1 });
});

describe('statements', () => {
  it('are counted by kind where they are run, and the rest together', async () => {
    const sql = tables.on({ query: <Rows>() => Promise.resolve([] as Rows) });
    const run = [CLAIM_LANES, CLAIM_SUSPECT, READ_RUNS, SETTLE_LANES, SETTLE_LANES, RECOVER_LANES];
    for (const text of [...run, STORE_MESSAGES, STORE_ONE_MESSAGE, 'select 1', 'select 2', 'select 2'])
      await sql.query(text);
    expect((await metrics.snapshot()).statements).toEqual({
      claim: 2,
      read: 1,
      settle: 2,
      recover: 1,
      store: 2,
      other: 3,
    });
  });

  it('that are only looked at are not', async () => {
    tables.text(CLAIM_LANES);
    expect((await metrics.snapshot()).statements.claim).toBe(0);
  });
});

describe('counting', () => {
  it('begins once, however often it is started', async () => {
    metrics.start();
    announce('inbox.committed', {});
    expect((await counts()).received.processed).toBe(1);
  });

  it('ends with stop, and keeps what it has; a second stop changes nothing', async () => {
    announce('inbox.committed', {});
    metrics.stop();
    metrics.stop();
    announce('inbox.committed', {});
    expect((await counts()).received.processed).toBe(1);
    expect(channel('inbox.committed').hasSubscribers).toBe(false);
  });

  it('does not change what was read before', async () => {
    const before = await counts();
    announce('inbox.committed', {});
    expect(before.received.processed).toBe(0);
  });
});
