import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, FakeMessageBus, RecordedLog } from '@app/nats/testing';
import type { EventDelivery } from '@app/outbox';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { DataSource } from 'typeorm';
import { NO_BROKER, ServiceUnderTest } from '../../../../test/service-under-test.js';
import { forgetAll } from '../../testing/transactions-service.fixture.js';
import { AppModule } from '../app.module.js';
import { environmentSchema } from '../config.js';
import type { TransferView } from './transfer.schema.js';

jest.setTimeout(30_000);

const ORDER = {
  debitAccountId: '0198c9a0-0000-7000-8000-00000000000a',
  creditAccountId: '0198c9a0-0000-7000-8000-00000000000b',
  amountMinor: '1250',
  currency: 'EUR',
};
/** What the broker may do to a publish besides acknowledging it. */
const FAILURES = ['refuse', 'answer-unknown', 'not-connected'] as const;

const bus = new FakeMessageBus();
let database: TestDatabase;
let service: ServiceUnderTest | undefined;
let dataSource: DataSource;
let log: RecordedLog;
const unhandled = jest.fn();

beforeAll(async () => {
  database = await createTestDatabase();
  process.on('unhandledRejection', unhandled);
});
afterEach(async () => {
  bus.answerWith('acknowledge');
  await forgetAll(dataSource);
  await service?.stop();
  service = undefined;
  bus.clear();
});
afterAll(async () => {
  process.off('unhandledRejection', unhandled);
  await database.drop();
});

/** The service under this delivery, on the test's database. */
async function serviceWith(delivery: EventDelivery): Promise<ServiceUnderTest> {
  const settings = { ...NO_BROKER, DATABASE_URL: database.url, EVENT_DELIVERY: delivery };
  service = await ServiceUnderTest.start(AppModule.for(environmentSchema.parse(settings)), bus);
  dataSource = service.app.get(DataSource);
  // Not before: Nest's testing module brings a logger of its own.
  log = RecordedLog.start();
  return service;
}

const order = (to: ServiceUnderTest) => to.post('/v1/transfers', ORDER, { 'idempotency-key': 'k' });
const stored = async () => {
  const [row] = await dataSource.query<[{ transfers: number; records: number; events: number }]>(`
    select (select count(*)::int from transfer) as transfers,
           (select count(*)::int from idempotency_record) as records,
           (select count(*)::int from outbox_message) as events`);
  return row;
};
const problem = (type: string) => ({ type: `/problems/${type}`, status: 503 });

describe.each(FAILURES)('when the publish is answered %s', (answer) => {
  it('direct tells 503 after the commit; a repeat does not publish it', async () => {
    const direct = await serviceWith('direct');
    bus.answerWith(answer);
    const response = await order(direct);
    expect(response.status).toBe(503);
    const { transferId, ...rest } = response.json<{ transferId: string }>();
    expect(rest).toMatchObject(problem('publish-unconfirmed'));
    expect(await stored()).toEqual({ transfers: 1, records: 1, events: 0 });

    bus.answerWith('acknowledge');
    bus.clear();
    const repeat = await order(direct);
    expect(repeat.status).toBe(202);
    expect(repeat.json()).toMatchObject({ id: transferId, status: 'pending' });
    expect(bus.published).toEqual([]);
  });

  it('direct-unawaited tells 202, and the late error is logged', async () => {
    const unawaited = await serviceWith('direct-unawaited');
    bus.answerWith(answer);
    const response = await order(unawaited);
    expect(response.status).toBe(202);
    const lost = /^error transfer\.requested \S+ is lost: /;
    await eventually('the late error is logged', () => log.lines.some((line) => lost.test(line)));
    expect(unhandled).not.toHaveBeenCalled();
    expect(await stored()).toEqual({ transfers: 1, records: 1, events: 0 });
  });

  it('direct-before-commit tells 503, and nothing is recorded; a repeat is recorded', async () => {
    const beforeCommit = await serviceWith('direct-before-commit');
    bus.answerWith(answer);
    const response = await order(beforeCommit);
    expect(response.status).toBe(503);
    expect(response.json()).toMatchObject(problem('publish-failed'));
    expect(response.text).not.toContain('transferId');
    expect(await stored()).toEqual({ transfers: 0, records: 0, events: 0 });

    bus.answerWith('acknowledge');
    expect((await order(beforeCommit)).headers.has('idempotency-replayed')).toBe(false);
    expect(await stored()).toEqual({ transfers: 1, records: 1, events: 0 });
  });

  it('direct-retry-in-memory tells 202, and publishes it when the broker is back', async () => {
    const retrying = await serviceWith('direct-retry-in-memory');
    bus.answerWith(answer);
    expect((await order(retrying)).status).toBe(202);
    await eventually('it is tried again', () => bus.published.length >= 2);
    expect(await stored()).toEqual({ transfers: 1, records: 1, events: 0 });
    bus.answerWith('acknowledge');
    bus.clear();
    await eventually('it is published', () => bus.published.length === 1);
  });

  it('outbox tells 202, and publishes it when the broker is back', async () => {
    const outbox = await serviceWith('outbox');
    bus.answerWith(answer);
    const response = await order(outbox);
    expect(response.status).toBe(202);
    expect(await stored()).toEqual({ transfers: 1, records: 1, events: 1 });
    bus.answerWith('acknowledge');
    bus.clear();
    await eventually('it is published', () => bus.published.length === 1);
    const { id } = response.json<TransferView>();
    expect(bus.published[0]?.payload).toContain(id);
  });
});

describe('when the reply to COMMIT is lost', () => {
  it('the caller is told that the outcome is unknown, and repeats the request under the same key', async () => {
    const outbox = await serviceWith('outbox');
    await dataSource.query(`
      create function die_at_commit() returns trigger language plpgsql as
        $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
      create constraint trigger die_at_commit after insert on transfer
        deferrable initially deferred for each row execute function die_at_commit()`);
    const response = await order(outbox);
    await dataSource.query('drop function die_at_commit cascade');
    expect(response.status).toBe(503);
    expect(response.json()).toMatchObject(problem('outcome-unknown'));

    expect((await order(outbox)).status).toBe(202);
    expect(await stored()).toEqual({ transfers: 1, records: 1, events: 1 });
  });
});
