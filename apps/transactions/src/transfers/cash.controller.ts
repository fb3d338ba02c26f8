import { CurrentCaller, Operation, Scopes, type Caller } from '@app/service';
import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { idempotencyKeyOf } from '../idempotency/idempotency-key.js';
import { RECORDED_HEADERS, RECORDING_HEADERS, RECORDING_PROBLEMS, send } from './transfer-answers.js';
import { cashOrderSchema, transferViewSchema, type CashOrder, type TransferView } from './transfer.schema.js';
import { TransfersService } from './transfers.service.js';

const RECORDED = {
  202: { description: 'It is recorded, and pending.', schema: transferViewSchema, headers: RECORDED_HEADERS },
};

const EXAMPLE_BODY = {
  accountId: '0198c9a0-0000-7000-8000-00000000000a',
  amountMinor: '7000',
  currency: 'EUR',
};

/** Money that comes to the bank, or leaves it: transfers whose other side is the bank's own account. */
@Controller('v1')
export class CashController {
  constructor(private readonly transfers: TransfersService) {}

  @Post('deposits')
  @HttpCode(202)
  @Scopes('bank:admin')
  @Operation({
    id: 'createDeposit',
    summary: 'Order a deposit',
    description: "A transfer from the bank's own account in the currency, like any other from then on.",
    answers: RECORDED,
    headers: RECORDING_HEADERS,
    problems: RECORDING_PROBLEMS,
    examples: { deposit: { summary: '70.00 EUR come to an account', body: EXAMPLE_BODY, status: 202 } },
  })
  async deposit(
    @Body({ schema: cashOrderSchema }) order: CashOrder,
    @Headers('idempotency-key') header: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransferView> {
    const key = idempotencyKeyOf(header, { caller, path: '/v1/deposits', body: order });
    return send(reply, await this.transfers.orderCash('deposit', order, { caller, key }));
  }

  @Post('withdrawals')
  @HttpCode(202)
  @Scopes('bank:admin')
  @Operation({
    id: 'createWithdrawal',
    summary: 'Order a withdrawal',
    description: "A transfer to the bank's own account in the currency, like any other from then on.",
    answers: RECORDED,
    headers: RECORDING_HEADERS,
    problems: RECORDING_PROBLEMS,
    examples: { withdrawal: { summary: '70.00 EUR leave an account', body: EXAMPLE_BODY, status: 202 } },
  })
  async withdraw(
    @Body({ schema: cashOrderSchema }) order: CashOrder,
    @Headers('idempotency-key') header: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransferView> {
    const key = idempotencyKeyOf(header, { caller, path: '/v1/withdrawals', body: order });
    return send(reply, await this.transfers.orderCash('withdrawal', order, { caller, key }));
  }
}
