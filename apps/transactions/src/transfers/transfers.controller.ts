import { CurrentCaller, Operation, Scopes, type Caller } from '@app/service';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { idempotencyKeyOf } from '../idempotency/idempotency-key.js';
import { preferredWaitSeconds, WAIT_SECONDS_MAX } from './prefer-wait.js';
import {
  RECORDED_HEADERS,
  RECORDING_HEADERS,
  RECORDING_PROBLEMS,
  send,
  whenGone,
} from './transfer-answers.js';
import { TransferList } from './transfer-list.js';
import {
  transferPageSchema,
  transferQuerySchema,
  type TransferPage,
  type TransferQuery,
} from './transfer-list.schema.js';
import { TransferSettlements } from './transfer-settlements.js';
import {
  idSchema,
  reversalOrderSchema,
  transferOrderSchema,
  transferViewSchema,
  viewOf,
  type TransferOrder,
  type TransferView,
} from './transfer.schema.js';
import { transferProblems } from './transfers.errors.js';
import { TransfersService } from './transfers.service.js';

const PATH = '/v1/transfers';

@Controller(PATH)
export class TransfersController {
  constructor(
    private readonly transfers: TransfersService,
    private readonly transferList: TransferList,
    private readonly settlements: TransferSettlements,
  ) {}

  @Post()
  @HttpCode(202)
  @Scopes('transfers:write')
  @Operation({
    id: 'createTransfer',
    summary: 'Order a transfer',
    description:
      'Records the transfer; whether its money moves is decided by accounts, which knows balances and owners.',
    answers: {
      202: {
        description: 'It is recorded, and pending.',
        schema: transferViewSchema,
        headers: RECORDED_HEADERS,
      },
    },
    headers: RECORDING_HEADERS,
    problems: RECORDING_PROBLEMS,
    examples: {
      transfer: {
        summary: '12.50 EUR from one account to another',
        body: {
          debitAccountId: '0198c9a0-0000-7000-8000-00000000000a',
          creditAccountId: '0198c9a0-0000-7000-8000-00000000000b',
          amountMinor: '1250',
          currency: 'EUR',
        },
        status: 202,
      },
    },
  })
  async order(
    @Body({ schema: transferOrderSchema }) order: TransferOrder,
    @Headers('idempotency-key') header: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransferView> {
    const key = idempotencyKeyOf(header, { caller, path: PATH, body: order });
    return send(reply, await this.transfers.order(order, { caller, key }));
  }

  @Post(':id/reversal')
  @HttpCode(202)
  @Scopes('bank:admin')
  @Operation({
    id: 'reverseTransfer',
    summary: 'Reverse a transfer',
    description:
      'Orders the opposite of a transfer that is posted: a correction is a new transfer. Once; a reversal that was ' +
      'rejected may be tried again, under a new key.',
    answers: {
      202: {
        description: 'The reversal is recorded, and pending.',
        schema: transferViewSchema,
        headers: RECORDED_HEADERS,
      },
    },
    headers: RECORDING_HEADERS,
    problems: [
      ...RECORDING_PROBLEMS,
      [transferProblems, 'transfer-not-found', 'transfer-not-reversible', 'transfer-already-reversed'],
    ],
    examples: { reversal: { summary: 'All of it', body: {}, status: 202 } },
  })
  async reverse(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: reversalOrderSchema }) _order: unknown,
    @Headers('idempotency-key') header: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransferView> {
    const key = idempotencyKeyOf(header, { caller, path: `${PATH}/${id}/reversal`, body: {} });
    return send(reply, await this.transfers.reverse(id, { caller, key }));
  }

  @Get(':id')
  @Scopes('transfers:read')
  @Operation({
    id: 'getTransfer',
    summary: 'How a transfer is',
    description:
      `With \`Prefer: wait=N\` (RFC 7240) the answer comes when the transfer is settled, or after N seconds as it is ` +
      `then; N is at most ${WAIT_SECONDS_MAX}, a larger one is taken as that.`,
    answers: {
      200: {
        description: 'The transfer.',
        schema: transferViewSchema,
        headers: { 'preference-applied': 'For how long the answer would have waited, `wait=N`' },
      },
    },
    headers: {
      Prefer: { description: '`wait=N`: for how many seconds to wait for the outcome.', example: 'wait=5' },
    },
    problems: [[transferProblems, 'transfer-not-found']],
  })
  async get(
    @Param('id', { schema: idSchema }) id: string,
    @Headers('prefer') prefer: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransferView> {
    void reply.header('vary', 'Prefer');
    const seconds = preferredWaitSeconds(prefer);
    if (seconds === undefined) return viewOf(await this.transfers.get(id, caller));
    const { transfer, waited } = await this.settlements.wait(id, caller, {
      seconds,
      signal: whenGone(reply),
    });
    if (waited) void reply.header('preference-applied', `wait=${seconds}`);
    return viewOf(transfer);
  }

  @Get()
  @Scopes('transfers:read')
  @Operation({
    id: 'listTransfers',
    summary: 'The transfers that you have ordered, the newest first',
    description:
      'Of the bank: all. Narrowed by what is given, page by page; what is recorded meanwhile moves nothing on the ' +
      'later pages.',
    answers: { 200: { description: 'A page.', schema: transferPageSchema } },
  })
  list(
    @Query({ schema: transferQuerySchema }) query: TransferQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<TransferPage> {
    return this.transferList.page(query, caller);
  }
}
