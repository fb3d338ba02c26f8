import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { SqlRunner } from '../schema/tables.js';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import { CLAIM_LANES, CLAIM_SUSPECT, claimLanes } from './claim-lanes.js';
import { READ_RUNS, readRuns } from './read-runs.js';
import { RECOVER_LANES, recoverLanes } from './recover-lanes.js';
import { SETTLE_LANES, settleLanes } from './settle-lanes.js';

/** A million rows take their time on a busy machine. */
jest.setTimeout(300_000);

const SETTLED = 1_000_000;
const PENDING = 10_000;
/** Fewer lanes fit in so few pages that PostgreSQL rightly reads them all. */
const KEYS = 5_000;
/** Days whose partitions are full of settled messages, today's among them. */
const DAYS = 5;

const STATEMENTS = { CLAIM_LANES, CLAIM_SUSPECT, READ_RUNS, SETTLE_LANES, RECOVER_LANES };

let fixture: OutboxFixture;

/** A node of `explain (format json)`. */
interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Loops'?: number;
  readonly Plans?: readonly Plan[];
}

beforeAll(async () => {
  fixture = await OutboxFixture.create();
  const { dataSource } = fixture;
  for (let day = 2; day < DAYS; day++) {
    await dataSource.query(`
      do $$ declare day date := (now() at time zone 'utc')::date - ${day}; begin
        execute format('create table outbox_message_p%s partition of outbox_message
          for values from (%L) to (%L)', to_char(day, 'YYYYMMDD') || '_spec',
          day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00');
      end $$`);
  }
  const message = (from: number, to: number, createdAt: string) => `
    insert into outbox_message (id, key, sequence, type, envelope, created_at)
    select gen_random_uuid(), 'book ' || n % ${KEYS}, n / ${KEYS} + 1, 'note.written', '{}', ${createdAt}
    from generate_series(${from}, ${to} - 1) as n`;
  const days = `date_trunc('day', now() at time zone 'utc') at time zone 'utc'
    - interval '1 day' * (${DAYS - 1} - n * ${DAYS}::bigint / ${SETTLED})`;
  await dataSource.query(message(0, SETTLED, days));
  await dataSource.query(message(SETTLED, SETTLED + PENDING, 'now()'));
  await dataSource.query(`
    insert into outbox_key (key, last_sequence, queued_after)
    select 'book ' || n, ${(SETTLED + PENDING) / KEYS}, ${SETTLED / KEYS} from generate_series(0, ${KEYS - 1}) as n`);
  await dataSource.query(`
    insert into outbox_lane (key, ordered, settled_sequence, pending_since, ready_xid)
    select key, true, queued_after, (select min(created_at) from outbox_message where sequence > ${SETTLED / KEYS}
      and created_at > now() - interval '1 hour'), pg_current_xact_id()
    from outbox_key`);
  // As it is in service: what is empty has never been vacuumed.
  const full = await dataSource.query<{ name: string }[]>(`
    select tableoid::regclass::text as name from outbox_message group by 1`);
  for (const name of ['outbox_key', 'outbox_lane', ...full.map(({ name }) => name)]) {
    await dataSource.query(`vacuum analyze ${name}`);
  }
});
afterAll(() => fixture.drop());

/** The plans of the statements that the callback runs, as it runs them; nothing they do is kept. */
async function plansOf(work: (runner: SqlRunner) => Promise<unknown>): Promise<Map<string, Plan[]>> {
  const session = fixture.dataSource.createQueryRunner();
  const plans = new Map<string, Plan[]>();
  await session.startTransaction();
  try {
    const runner: SqlRunner = session;
    await work({
      query: async <Rows>(sql: string, parameters?: unknown[]) => {
        await session.query('savepoint before');
        const [row] = await runner.query<{ 'QUERY PLAN': { Plan: Plan }[] }[]>(
          `explain (analyze, format json) ${sql}`,
          parameters,
        );
        await session.query('rollback to savepoint before');
        plans.set(sql, nodesOf(row!['QUERY PLAN'][0]!.Plan));
        return runner.query<Rows>(sql, parameters);
      },
    });
  } finally {
    await session.rollbackTransaction();
    await session.release();
  }
  return plans;
}

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** How the nodes read tables, and by which index. */
function readsOf(nodes: readonly Plan[] = []): string[] {
  const reads = nodes.filter((node) => /Scan$/.test(node['Node Type']) && node['Relation Name']);
  return reads.map((node) => `${node['Node Type']} ${node['Relation Name']}`);
}

/** One batch as a relay runs it, and a look at what others have left. */
async function batch(runner: SqlRunner, lanesMax: number): Promise<void> {
  const sql = fixture.tables.on(runner);
  await recoverLanes(sql, lanesMax);
  const leaseToken = randomUUID();
  const options = { floor: '0', lanesMax, leaseToken, holder: 'spec', leaseMs: 9_000, runMax: 20 };
  await claimLanes(sql, CLAIM_SUSPECT, { ...options, lanesMax: 1 });
  const { lanes } = await claimLanes(sql, CLAIM_LANES, options);
  expect(lanes).toHaveLength(lanesMax);
  const runs = await readRuns(sql, lanes, () => 20, lanes[0]!.pendingSince);
  expect([...runs.values()].flat()).toHaveLength((PENDING / KEYS) * lanesMax);
  const settled = lanes.map(({ key }) => ({
    key,
    state: 'ready' as const,
    settledSequence: runs.get(key)!.at(-1)!.sequence,
    pendingSince: runs.get(key)!.at(-1)!.createdAt,
    attempts: 0,
    failures: 0,
    crashes: 0,
    lastError: null,
    dueAt: null,
  }));
  const [{ key, settledSequence }] = settled as [(typeof settled)[number]];
  const settlement = {
    lanes: settled,
    parked: [
      {
        key,
        sequence: settledSequence,
        ordered: true,
        attempts: 2,
        failures: 2,
        error: 'e',
        policy: 'park' as const,
      },
    ],
    repeated: [{ key, sequence: settledSequence, attempts: 2 }],
    since: lanes[0]!.pendingSince,
  };
  expect(await settleLanes(sql, leaseToken, settlement, { retryFirstMs: 1, retryLongestMs: 1 })).toBe(true);
}

describe(`over ${SETTLED} settled messages and ${PENDING} pending ones`, () => {
  it.each([1, 100, 250])(
    'a batch of %i lanes is claimed, read and settled by index scans alone',
    async (lanesMax) => {
      const plans = await plansOf((runner) => batch(runner, lanesMax));
      for (const [name, text] of Object.entries(STATEMENTS)) {
        const reads = readsOf(plans.get(text));
        expect(reads.length).toBeGreaterThan(0);
        expect([name, ...reads.filter((read) => /^Seq Scan outbox_(message|lane|key)/.test(read))]).toEqual([
          name,
        ]);
      }
      expect(plans.get(CLAIM_LANES)!.map((node) => node['Index Name'])).toContain('outbox_lane_ready');
      expect(
        plans
          .get(READ_RUNS)!
          .map((node) => node['Index Name'])
          .join(),
      ).toMatch(/key_sequence/);
    },
  );

  it('neither reading nor settling touches a partition of the days before', async () => {
    const plans = await plansOf((runner) => batch(runner, 100));
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    for (const text of [READ_RUNS, SETTLE_LANES]) {
      const touched = plans
        .get(text)!
        .filter((node) => node['Actual Loops'] !== 0)
        .flatMap((node) => /^outbox_message_p(\d{8})/.exec(node['Relation Name'] ?? '')?.[1] ?? []);
      expect(touched.length).toBeGreaterThan(0);
      expect(touched.filter((day) => day < today)).toEqual([]);
    }
    // There is something to leave out.
    const before = await fixture.count(
      `select count(*) from outbox_message where created_at < date_trunc('day', now() at time zone 'utc') at time zone 'utc'`,
    );
    expect(before).toBe((SETTLED / DAYS) * (DAYS - 1));
  });
});
