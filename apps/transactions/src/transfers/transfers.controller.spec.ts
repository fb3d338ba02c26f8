import { describe, expect, it, jest } from '@jest/globals';
import { ANYBODY, ProblemException } from '@app/service';
import type { FastifyReply } from 'fastify';
import { ORDER, PENDING } from '../../testing/transfers.fixture.js';
import type { IdempotentAnswer } from '../idempotency/idempotent-requests.js';
import type { TransferList } from './transfer-list.js';
import type { TransferSettlements } from './transfer-settlements.js';
import { viewOf } from './transfer.schema.js';
import { TransfersController } from './transfers.controller.js';
import type { TransfersService } from './transfers.service.js';

const ANSWER: IdempotentAnswer = {
  status: 202,
  body: viewOf(PENDING),
  location: `/v1/transfers/${PENDING.id}`,
  replayed: false,
};

function setUp() {
  const order = jest.fn<TransfersService['order']>().mockResolvedValue(ANSWER);
  const headers: Record<string, unknown> = {};
  const reply = {
    status: () => reply,
    header: (name: string, value: unknown) => {
      headers[name] = value;
      return reply;
    },
  };
  const controller = new TransfersController(
    { order } as unknown as TransfersService,
    {} as TransferList,
    {} as TransferSettlements,
  );
  const post = (key: string | undefined = 'k') =>
    controller.order(ORDER, key, ANYBODY, reply as unknown as FastifyReply);
  return { order, headers, post };
}

describe('POST /v1/transfers', () => {
  it('answers with the transfer, where it is and when to look', async () => {
    const { headers, post } = setUp();
    expect(await post()).toEqual(viewOf(PENDING));
    expect(headers).toEqual({ location: `/v1/transfers/${PENDING.id}`, 'retry-after': 1 });
  });

  it('says when it is the answer to an earlier request', async () => {
    const { order, headers, post } = setUp();
    order.mockResolvedValue({ ...ANSWER, replayed: true });
    await post();
    expect(headers).toMatchObject({ 'idempotency-replayed': 'true' });
  });

  it('answers a refusal that was recorded as the problem that it was', async () => {
    const { order, headers, post } = setUp();
    const problem = { type: '/problems/transfer-not-found', title: 'No such transfer', status: 404 };
    order.mockResolvedValue({ status: 404, body: problem, replayed: true });
    const error = await post().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemException);
    expect(error).toMatchObject({ problem });
    expect(headers).toEqual({ 'idempotency-replayed': 'true' });
  });

  it('records nothing without a key', async () => {
    const { order, post } = setUp();
    await expect(post('')).rejects.toMatchObject({ problem: { status: 400 } });
    expect(order).not.toHaveBeenCalled();
  });
});
