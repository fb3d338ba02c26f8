import { CurrentCaller, Operation, Scopes, type Caller } from '@app/service';
import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { idempotencyKeyOf } from '../idempotency/idempotency-key.js';
import { RECORDED_HEADERS, RECORDING_HEADERS, RECORDING_PROBLEMS, send } from './transfer-answers.js';
import { batchOf } from './transfer-batch.rules.js';
import {
  BATCH_MAX,
  batchOrderSchema,
  batchViewSchema,
  type BatchOrder,
  type BatchView,
} from './transfer-batch.schema.js';
import { TransfersService } from './transfers.service.js';

const PATH = '/v1/transfers/batch';

const EXAMPLE_ORDER = {
  debitAccountId: '0198c9a0-0000-7000-8000-00000000000a',
  creditAccountId: '0198c9a0-0000-7000-8000-00000000000b',
  amountMinor: '1250',
  currency: 'EUR',
};

@Controller(PATH)
export class TransferBatchesController {
  constructor(private readonly transfers: TransfersService) {}

  @Post()
  @HttpCode(202)
  @Scopes('transfers:write')
  @Operation({
    id: 'createTransferBatch',
    summary: `Order up to ${BATCH_MAX.toLocaleString('en')} transfers`,
    description:
      'With `mode` `all` one order that is not valid refuses the request; with `each` the others are recorded. It is ' +
      'acceptance that is all or nothing: how each transfer ends is decided by accounts, one by one.',
    answers: {
      202: {
        description: 'What becomes of each order; those that are accepted are recorded, and pending.',
        schema: batchViewSchema,
        headers: {
          'retry-after': RECORDED_HEADERS['retry-after'],
          'idempotency-replayed': RECORDED_HEADERS['idempotency-replayed'],
        },
      },
    },
    headers: RECORDING_HEADERS,
    problems: RECORDING_PROBLEMS,
    examples: {
      all: {
        summary: 'All or none',
        body: { mode: 'all', transfers: [EXAMPLE_ORDER, { ...EXAMPLE_ORDER, amountMinor: '300' }] },
        status: 202,
      },
      each: {
        summary: 'Each for itself: the second one is refused',
        body: { mode: 'each', transfers: [EXAMPLE_ORDER, { ...EXAMPLE_ORDER, amountMinor: '0' }] },
        status: 202,
      },
    },
  })
  async order(
    @Body({ schema: batchOrderSchema }) order: BatchOrder,
    @Headers('idempotency-key') header: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BatchView> {
    const key = idempotencyKeyOf(header, { caller, path: PATH, body: order });
    const decide = (now: Date) => batchOf(order, caller, now);
    return send(reply, await this.transfers.orderAll({ caller, key }, decide));
  }
}
