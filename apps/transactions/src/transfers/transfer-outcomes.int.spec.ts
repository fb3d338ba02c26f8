import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bankEvents } from '@app/contracts';
import { eventually, FakeMessageBus, RecordedLog } from '@app/nats/testing';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { DataSource } from 'typeorm';
import { NO_BROKER, ServiceUnderTest } from '../../../../test/service-under-test.js';
import { forgetAll } from '../../testing/transactions-service.fixture.js';
import { AppModule } from '../app.module.js';
import { environmentSchema } from '../config.js';
import type { TransferView } from './transfer.schema.js';

jest.setTimeout(30_000);

const DEBIT = '0198c9a0-0000-7000-8000-00000000000a';
const CREDIT = '0198c9a0-0000-7000-8000-00000000000b';

const bus = new FakeMessageBus();
let database: TestDatabase;
let service: ServiceUnderTest;
let dataSource: DataSource;
let log: RecordedLog;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = environmentSchema.parse({ ...NO_BROKER, DATABASE_URL: database.url });
  service = await ServiceUnderTest.start(AppModule.for(environment), bus);
  dataSource = service.app.get(DataSource);
  log = RecordedLog.start();
});
afterEach(() => forgetAll(dataSource));
afterAll(async () => {
  await service.stop();
  await database.drop();
});

async function order(): Promise<string> {
  const body = { debitAccountId: DEBIT, creditAccountId: CREDIT, amountMinor: '1', currency: 'EUR' };
  const response = await service.post('/v1/transfers', body, { 'idempotency-key': 'k' });
  return response.json<TransferView>().id;
}
const view = async (id: string) => (await service.get(`/v1/transfers/${id}`)).json<TransferView>();

const SETTLED_AT = '2026-01-02T03:04:05.678Z';
const posted = (transferId: string) =>
  bankEvents.create('transfer.posted', { transferId, debitAccountId: DEBIT, postedAt: SETTLED_AT });
const rejected = (transferId: string) =>
  bankEvents.create('transfer.rejected', {
    transferId,
    debitAccountId: DEBIT,
    reason: 'insufficient_funds',
    rejectedAt: SETTLED_AT,
  });
const deliver = (event: ReturnType<typeof posted | typeof rejected>) =>
  bus.deliver(event.type, JSON.stringify(event));
const inbox = () =>
  dataSource.query<object[]>('select type, repeats from inbox_message order by received_at');

const deadLetters = () =>
  dataSource.query<object[]>('select reason, error from inbox_dead_letter order by buried_at');

describe('how accounts decided', () => {
  it('a posted transfer is posted', async () => {
    const id = await order();
    await deliver(posted(id));
    expect(await view(id)).toMatchObject({ status: 'posted', settledAt: SETTLED_AT });
  });

  it('a rejected transfer is rejected, with its reason', async () => {
    const id = await order();
    await deliver(rejected(id));
    expect(await view(id)).toMatchObject({
      status: 'rejected',
      rejectionReason: 'insufficient_funds',
      settledAt: SETTLED_AT,
    });
  });

  it('the same event twice changes nothing more, and is counted', async () => {
    const id = await order();
    const event = posted(id);
    await deliver(event);
    const first = await view(id);
    await deliver(event);
    expect(await view(id)).toEqual(first);
    expect(await inbox()).toEqual([{ type: 'transfer.posted', repeats: 1 }]);
  });

  it('that comes again under another id, with another time, changes nothing', async () => {
    const id = await order();
    await deliver(posted(id));
    const first = await view(id);
    await deliver({
      ...posted(id),
      data: { transferId: id, debitAccountId: DEBIT, postedAt: '2027-01-01T00:00:00Z' },
    });
    expect(await view(id)).toEqual(first);
    expect(await inbox()).toHaveLength(2);
    expect(await deadLetters()).toEqual([]);
  });

  it('that contradicts the one that stands is never applied: it is logged, and goes to the dead letters', async () => {
    const id = await order();
    await deliver(posted(id));
    const first = await view(id);
    await deliver(rejected(id));
    expect(await view(id)).toEqual(first);
    const error = `transfer ${id} is rejected, and has said that it is posted`;
    expect(await deadLetters()).toMatchObject([{ reason: 'failed', error: expect.stringContaining(error) }]);
    expect(log.lines).toContainEqual(expect.stringMatching(new RegExp(`^error .*${error}`)));
    expect(await inbox()).toHaveLength(1);
  });

  it('that another transaction is just applying is done with when that one has ended', async () => {
    const id = await order();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(`update transfer set status = 'posted', settled_at = now() where id = $1`, [id]);
    const delivered = deliver(posted(id));
    await eventually('it waits for the row', async () => {
      const [{ waiting }] = await dataSource.query<[{ waiting: number }]>(
        `select count(*)::int as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting === 1;
    });
    await runner.commitTransaction();
    await runner.release();
    await delivered;
    expect(await deadLetters()).toEqual([]);
    expect(await inbox()).toHaveLength(1);
  });

  it('twice at once, and opposite: one stands, and whole; the other goes to the dead letters', async () => {
    const id = await order();
    await Promise.all([deliver(posted(id)), deliver(rejected(id))]);
    const { status, rejectionReason } = await view(id);
    expect(['posted undefined', 'rejected insufficient_funds']).toContain(`${status} ${rejectionReason}`);
    expect(await deadLetters()).toMatchObject([{ reason: 'failed' }]);
  });

  it('about a transfer that is not recorded is reported and not acknowledged, and may come again', async () => {
    const unknown = '0198c9a0-0000-7000-8000-0000000000ff';
    await expect(deliver(posted(unknown))).rejects.toThrow();
    expect(log.lines).toContainEqual(expect.stringContaining(`${unknown}, which is not recorded here`));
    expect(await inbox()).toEqual([]);
  });
});

describe('a malformed event', () => {
  it.each([
    ['is not JSON', 'transfer posted!'],
    ['is no envelope', '{"transferId":"1"}'],
    ['lacks its data', JSON.stringify({ ...posted(CREDIT), data: {} })],
    ['is of another type', JSON.stringify({ ...posted(CREDIT), type: 'transfer.rejected' })],
    [
      'is of an unknown major version',
      JSON.stringify({ ...posted(CREDIT), dataschema: 'urn:bank:event:transfer.posted:2.0' }),
    ],
  ])(
    'that %s goes to the dead letters, whole and with its reason, and the service goes on',
    async (_, payload) => {
      await bus.deliver('transfer.posted', payload);
      const letters = await dataSource.query<{ payload: Buffer; reason: string; error: string }[]>(
        'select payload, reason, error from inbox_dead_letter',
      );
      expect(letters.map((letter) => ({ ...letter, payload: letter.payload.toString() }))).toMatchObject([
        { payload, reason: 'malformed', error: expect.stringContaining('Not a valid transfer.posted event') },
      ]);
      await dataSource.query('delete from inbox_dead_letter');
      expect(await inbox()).toEqual([]);
      const id = await order();
      await deliver(posted(id));
      expect((await view(id)).status).toBe('posted');
    },
  );

  it('with fields that nobody knows yet is taken', async () => {
    const id = await order();
    const event = posted(id);
    await deliver({ ...event, newAttribute: 1, data: { ...event.data, newField: true } } as typeof event);
    expect((await view(id)).status).toBe('posted');
  });
});
