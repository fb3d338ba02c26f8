import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { bankEvents } from '@app/contracts';
import { MessageBus } from '@app/nats';
import {
  CommitUnknownError,
  EventsUnconfirmedError,
  OutboxModule,
  RELAY_DEFAULTS,
  type EventDelivery,
} from '@app/outbox';
import { FakeDatabase, JournalingMessageBus } from '@app/outbox/testing';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { idempotencyKeyOf } from './idempotency-key.js';
import { TransferStore } from './transfer.store.js';
import type { Transfer } from './transfer.entity.js';
import { TransfersService } from './transfers.service.js';

const ORDER = {
  debitAccountId: '0198C9A0-0000-7000-8000-00000000000A',
  creditAccountId: '0198c9a0-0000-7000-8000-00000000000b',
  amountMinor: '1250',
  currency: 'EUR',
};
const KEY = idempotencyKeyOf('POST /v1/transfers', 'k', ORDER);

/** The row as the database gives it back: it says more than the request, and says it in its own words. */
const STORED: Transfer = {
  id: '0198c9a0-0000-7000-8000-000000000001',
  debitAccountId: ORDER.debitAccountId.toLowerCase(),
  creditAccountId: ORDER.creditAccountId,
  amountMinor: 1_250n,
  currency: 'EUR',
  status: 'pending',
  rejectionReason: null,
  requestedAt: new Date('2026-01-02T03:04:05.678Z'),
  settledAt: null,
};

let database: FakeDatabase;
let bus: JournalingMessageBus;

async function serviceWith(delivery: EventDelivery): Promise<TransfersService> {
  const fakes = [
    { provide: DataSource, useValue: database.dataSource },
    { provide: MessageBus, useValue: bus },
  ];
  const moduleRef = await Test.createTestingModule({
    imports: [
      { module: class Fakes {}, global: true, providers: fakes, exports: fakes },
      OutboxModule.forRootAsync({
        registry: bankEvents,
        useFactory: () => ({ delivery, relay: RELAY_DEFAULTS }),
      }),
    ],
    providers: [TransfersService, TransferStore],
  }).compile();
  return moduleRef.get(TransfersService);
}

/** The key is known: it has made this transfer, for a request with this fingerprint. */
function keyIsKnown(fingerprint: string): void {
  jest.spyOn(TransferStore.prototype, 'record').mockResolvedValue(undefined);
  jest.spyOn(TransferStore.prototype, 'recordedUnder').mockResolvedValue({ transfer: STORED, fingerprint });
}

beforeEach(() => {
  database = new FakeDatabase();
  bus = new JournalingMessageBus(database.journal);
  database.answer('insert into transfer', [{ ...STORED, amountMinor: '1250' }]);
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a created transfer', () => {
  it('a created transfer emits exactly one transfer.requested whose data equals the stored row', async () => {
    const service = await serviceWith('direct');
    const publish = jest.spyOn(bus, 'publish');
    const { transfer, replayed } = await service.order(ORDER, KEY);
    expect([transfer, replayed]).toEqual([STORED, false]);

    expect(publish).toHaveBeenCalledTimes(1);
    const event = bankEvents.decode('transfer.requested', publish.mock.calls[0]![1]);
    expect(publish).toHaveBeenCalledWith('transfer.requested', expect.any(String), { messageId: event.id });
    expect(event.data).toEqual({
      transferId: STORED.id,
      debitAccountId: STORED.debitAccountId,
      creditAccountId: STORED.creditAccountId,
      amountMinor: STORED.amountMinor.toString(),
      currency: STORED.currency,
      requestedAt: STORED.requestedAt.toISOString(),
    });
    expect(event).toMatchObject({
      subject: STORED.id,
      time: STORED.requestedAt.toISOString(),
      partitionkey: STORED.debitAccountId,
      source: '/transactions',
    });
  });

  it('stores the same event in its own transaction under outbox delivery, and publishes nothing', async () => {
    const service = await serviceWith('outbox');
    await service.order(ORDER, KEY);
    expect(bus.published).toEqual([]);
    expect(database.journal).toEqual(['begin', 'query', 'query', 'commit']);
    const parameters = database.statements[1]!.parameters.flat() as string[];
    expect(parameters).toEqual(expect.arrayContaining([STORED.debitAccountId, 'transfer.requested']));
    const envelope = parameters.find((parameter) => parameter?.startsWith('{'));
    const event = bankEvents.decode('transfer.requested', envelope!);
    expect(event.data).toMatchObject({ transferId: STORED.id, amountMinor: '1250' });
  });

  it('is published after its commit under direct delivery', async () => {
    const service = await serviceWith('direct');
    await service.order(ORDER, KEY);
    expect(database.journal).toEqual(['begin', 'query', 'commit', 'publish transfer.requested']);
  });

  it('is committed and named when its event could not be published', async () => {
    const service = await serviceWith('direct');
    bus.answerWith('answer-unknown');
    const error = await service.order(ORDER, KEY).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(EventsUnconfirmedError);
    expect(error).toMatchObject({ result: { transfer: STORED, replayed: false } });
    expect(database.journal).toContain('commit');
  });
});

describe('a refused transfer', () => {
  it('a refused transfer emits none', async () => {
    const service = await serviceWith('direct');
    keyIsKnown('of another request');
    await expect(service.order(ORDER, KEY)).rejects.toMatchObject({
      problem: { status: 422, type: '/problems/idempotency-key-reused' },
    });
    expect(bus.published).toEqual([]);
    expect(database.journal).toEqual(['begin', 'rollback']);
  });

  it('a transfer that the database refuses emits none', async () => {
    const service = await serviceWith('direct');
    jest.spyOn(TransferStore.prototype, 'record').mockRejectedValue(new Error('violates check constraint'));
    await expect(service.order(ORDER, KEY)).rejects.toThrow('violates check constraint');
    expect(database.journal).toEqual(['begin', 'rollback']);
  });

  it('a commit that fails emits none', async () => {
    const service = await serviceWith('direct');
    database.refuseCommit(new Error('the connection is gone'));
    await expect(service.order(ORDER, KEY)).rejects.toThrow(CommitUnknownError);
    expect(database.journal).toEqual(['begin', 'query']);
  });
});

describe('a repeated request', () => {
  it('gets the first transfer again, and emits none', async () => {
    const service = await serviceWith('direct');
    keyIsKnown(KEY.fingerprint);
    expect(await service.order(ORDER, KEY)).toEqual({ transfer: STORED, replayed: true });
    expect(bus.published).toEqual([]);
  });
});
