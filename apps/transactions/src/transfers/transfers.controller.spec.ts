import { describe, expect, it, jest } from '@jest/globals';
import { CommitUnknownError, EventsUnconfirmedError, EventsUnpublishedError } from '@app/outbox';
import { ProblemException } from '@app/service';
import type { FastifyReply } from 'fastify';
import type { Transfer } from './transfer.entity.js';
import { TransfersController } from './transfers.controller.js';
import type { TransfersService } from './transfers.service.js';

const TRANSFER: Transfer = {
  id: '0198c9a0-0000-7000-8000-000000000001',
  debitAccountId: '0198c9a0-0000-7000-8000-00000000000a',
  creditAccountId: '0198c9a0-0000-7000-8000-00000000000b',
  amountMinor: 1_250n,
  currency: 'EUR',
  status: 'pending',
  rejectionReason: null,
  requestedAt: new Date('2026-01-02T03:04:05.678Z'),
  settledAt: null,
};
const ORDER = { ...TRANSFER, amountMinor: '1250' };

function setUp() {
  const order = jest
    .fn<TransfersService['order']>()
    .mockResolvedValue({ transfer: TRANSFER, replayed: false });
  const header = jest.fn();
  const controller = new TransfersController({ order } as unknown as TransfersService);
  const post = (key: string | undefined = 'k') =>
    controller.order(ORDER, key, { header } as unknown as FastifyReply);
  return { order, header, post };
}

describe('POST /v1/transfers', () => {
  it('answers with the transfer and where it is', async () => {
    const { header, post } = setUp();
    expect(await post()).toMatchObject({ id: TRANSFER.id, status: 'pending', amountMinor: '1250' });
    expect(header.mock.calls).toEqual([['location', `/v1/transfers/${TRANSFER.id}`]]);
  });

  it('says when it is the answer to an earlier request', async () => {
    const { order, header, post } = setUp();
    order.mockResolvedValue({ transfer: TRANSFER, replayed: true });
    await post();
    expect(header).toHaveBeenCalledWith('idempotency-replayed', 'true');
  });

  it('answers 503 publish-unconfirmed naming the transfer when its event was not published for certain', async () => {
    const { order, post } = setUp();
    const cause = new EventsUnconfirmedError({ transfer: TRANSFER, replayed: false }, [], {
      cause: new Error(),
    });
    order.mockRejectedValue(cause);
    const error = await post().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemException);
    expect(error).toMatchObject({
      problem: { status: 503, type: '/problems/publish-unconfirmed', transferId: TRANSFER.id },
      cause,
    });
  });

  it.each([
    ['publish-failed', new EventsUnpublishedError([], { cause: new Error('no broker') })],
    ['outcome-unknown', new CommitUnknownError([], { cause: new Error('the connection ended') })],
  ])('answers 503 %s, to be repeated with the same key, and tells no transfer', async (type, cause) => {
    const { order, post } = setUp();
    order.mockRejectedValue(cause);
    const error = await post().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemException);
    const { problem } = error as ProblemException;
    expect(problem).toMatchObject({ status: 503, type: `/problems/${type}` });
    expect(problem.detail).toContain('the same Idempotency-Key');
    expect(problem).not.toHaveProperty('transferId');
    expect(error).toMatchObject({ cause });
  });

  it('hands on any other error as it is', async () => {
    const { order, post } = setUp();
    const fault = new Error('the database is away');
    order.mockRejectedValue(fault);
    await expect(post()).rejects.toBe(fault);
  });

  it('records nothing without a key', async () => {
    const { order, post } = setUp();
    await expect(post('')).rejects.toMatchObject({ problem: { status: 400 } });
    expect(order).not.toHaveBeenCalled();
  });
});
