import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { bankEvents } from '@app/contracts';
import { MessageBus } from '@app/nats';
import { CommitUnknownError, OutboxModule, RELAY_DEFAULTS, type EventDelivery } from '@app/outbox';
import { FakeDatabase, JournalingMessageBus } from '@app/outbox/testing';
import { ANYBODY, ProblemException, type Caller } from '@app/service';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { ORDER, PENDING } from '../../testing/transfers.fixture.js';
import { idempotencyKeyOf } from '../idempotency/idempotency-key.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { Settings } from '../settings.js';
import { viewOf, type TransferView } from './transfer.schema.js';
import { TransferStore } from './transfer.store.js';
import { TransfersService } from './transfers.service.js';

const ALICE: Caller = { subject: 'alice', scopes: new Set(['transfers:write']) };
const NOW = PENDING.requestedAt;

const orderedBy = (caller: Caller) => ({
  caller,
  key: idempotencyKeyOf('k', { caller, path: '/v1/transfers', body: ORDER }),
});
const orderIn = (service: TransfersService, caller = ANYBODY) => service.order(ORDER, orderedBy(caller));

let database: FakeDatabase;
let bus: JournalingMessageBus;

async function serviceWith(delivery: EventDelivery): Promise<TransfersService> {
  const fakes = [
    { provide: DataSource, useValue: database.dataSource },
    { provide: MessageBus, useValue: bus },
    { provide: Settings, useValue: { idempotencyKeepHours: 24 } },
  ];
  const moduleRef = await Test.createTestingModule({
    imports: [
      { module: class Fakes {}, global: true, providers: fakes, exports: fakes },
      OutboxModule.forRootAsync({
        registry: bankEvents,
        useFactory: () => ({ delivery, relay: RELAY_DEFAULTS }),
      }),
      IdempotencyModule,
    ],
    providers: [TransfersService, TransferStore],
  }).compile();
  return moduleRef.get(TransfersService);
}

/** The key has a record that lives: what a request with this fingerprint was answered. */
function keyIsKnown(fingerprint: string, answer: { status: number; body: object }): void {
  database.answer('insert into transfer', []);
  const body = JSON.stringify(answer.body);
  database.answer('select fingerprint', [{ fingerprint, status: answer.status, body, location: '/there' }]);
}

beforeEach(() => {
  database = new FakeDatabase();
  bus = new JournalingMessageBus(database.journal);
  database.answer('pg_try_advisory_xact_lock', [{ locked: true, now: NOW }]);
  database.answer('insert into transfer', [{ recorded: 1 }]);
});

describe('a created transfer', () => {
  it('a created transfer emits exactly one transfer.requested whose data equals the stored row', async () => {
    const service = await serviceWith('direct');
    const publish = jest.spyOn(bus, 'publish');
    const { body, location, replayed } = await orderIn(service);
    const { id } = body as TransferView;
    expect(body).toEqual({ ...viewOf(PENDING), id });
    expect([location, replayed]).toEqual([`/v1/transfers/${id}`, false]);

    expect(publish).toHaveBeenCalledTimes(1);
    const event = bankEvents.decode('transfer.requested', publish.mock.calls[0]![1]);
    expect(publish).toHaveBeenCalledWith('transfer.requested', expect.any(String), { messageId: event.id });
    expect(event.data).toEqual({
      transferId: id,
      ...ORDER,
      requestedAt: NOW.toISOString(),
      kind: 'transfer',
      authority: 'bank',
    });
    expect(event).toMatchObject({
      subject: id,
      time: NOW.toISOString(),
      partitionkey: ORDER.debitAccountId,
      source: '/transactions',
    });
    const stored = database.statements.find(({ sql }) => sql.includes('insert into transfer'))!.parameters;
    expect(stored.slice(7)).toEqual([
      id,
      'transfer',
      null,
      ORDER.debitAccountId,
      ORDER.creditAccountId,
      '1250',
      'EUR',
      null,
      'bank',
      NOW,
    ]);
    expect(stored[4]).toBe(JSON.stringify(body));
  });

  it('says on whose word it is ordered: the word of its owner, or of the bank', async () => {
    const service = await serviceWith('direct');
    await orderIn(service, ALICE);
    await orderIn(service, { subject: 'teller', scopes: new Set(['bank:admin']) });
    expect(
      bus.published.map(({ payload }) => bankEvents.decode('transfer.requested', payload).data),
    ).toMatchObject([
      { authority: 'owner', requestedBy: 'alice' },
      { authority: 'bank', requestedBy: 'teller' },
    ]);
  });

  it('takes three statements under outbox delivery: the lock, the key with its transfer, the event', async () => {
    const service = await serviceWith('outbox');
    await orderIn(service);
    expect(bus.published).toEqual([]);
    expect(database.journal).toEqual(['begin', 'query', 'query', 'query', 'commit']);
    const parameters = database.statements[2]!.parameters.flat() as string[];
    expect(parameters).toEqual(expect.arrayContaining([ORDER.debitAccountId, 'transfer.requested']));
  });

  it('is published after its commit under direct delivery', async () => {
    const service = await serviceWith('direct');
    await orderIn(service);
    expect(database.journal).toEqual(['begin', 'query', 'query', 'commit', 'publish transfer.requested']);
  });
});

const problemOf = async (answer: Promise<unknown>) => {
  const error = await answer.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ProblemException);
  return (error as ProblemException).problem;
};

describe('a transfer that is not recorded for certain', () => {
  it('is committed and named when its event could not be published', async () => {
    const service = await serviceWith('direct');
    bus.answerWith('answer-unknown');
    const problem = await problemOf(orderIn(service));
    const id = database.statements.find(({ sql }) => sql.includes('insert into transfer'))!.parameters[7];
    expect(problem).toMatchObject({ status: 503, type: '/problems/publish-unconfirmed', transferId: id });
    expect(database.journal).toContain('commit');
  });

  it('is to be repeated with the same key when its event could not be published before the commit', async () => {
    const service = await serviceWith('direct-before-commit');
    bus.answerWith('refuse');
    const problem = await problemOf(orderIn(service));
    expect(problem).toMatchObject({ status: 503, type: '/problems/publish-failed' });
    expect(problem.detail).toContain('the same Idempotency-Key');
    expect(problem).not.toHaveProperty('transferId');
    expect(database.journal.at(-1)).toBe('rollback');
  });

  it('is to be repeated with the same key when the reply to COMMIT is lost, and emits none', async () => {
    const service = await serviceWith('direct');
    database.refuseCommit(new Error('the connection is gone'));
    const error = await orderIn(service).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      problem: {
        status: 503,
        type: '/problems/outcome-unknown',
        detail: expect.stringContaining('the same Idempotency-Key'),
      },
      cause: expect.any(CommitUnknownError),
    });
    expect(bus.published).toEqual([]);
  });

  it('hands on any other error as it is, and emits none', async () => {
    const service = await serviceWith('direct');
    const fault = new Error('violates check constraint');
    database.answer('insert into transfer', () => {
      throw fault;
    });
    await expect(orderIn(service)).rejects.toBe(fault);
    expect(bus.published).toEqual([]);
    expect(database.journal.at(-1)).toBe('rollback');
  });
});

describe('a repeated request', () => {
  it('gets the first answer again, and emits none', async () => {
    const service = await serviceWith('direct');
    keyIsKnown(orderedBy(ANYBODY).key.fingerprint, { status: 202, body: { id: 'the first' } });
    expect(await orderIn(service)).toEqual({
      status: 202,
      body: { id: 'the first' },
      location: '/there',
      replayed: true,
    });
    expect(bus.published).toEqual([]);
  });

  it('is refused with 422 if it is another request, and emits none', async () => {
    const service = await serviceWith('direct');
    keyIsKnown('of another request', { status: 202, body: {} });
    expect(await problemOf(orderIn(service))).toMatchObject({
      status: 422,
      type: '/problems/idempotency-key-reused',
    });
    expect(bus.published).toEqual([]);
    expect(database.journal.at(-1)).toBe('rollback');
  });

  it('is refused with 409 while the first still runs, after one statement', async () => {
    const service = await serviceWith('direct');
    database.answer('pg_try_advisory_xact_lock', [{ locked: false, now: NOW }]);
    expect(await problemOf(orderIn(service))).toMatchObject({
      status: 409,
      type: '/problems/idempotency-key-in-progress',
    });
    expect(database.journal).toEqual(['begin', 'query', 'rollback']);
  });
});
