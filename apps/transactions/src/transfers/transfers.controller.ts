import { Body, Controller, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { idempotencyKeyOf } from './idempotency-key.js';
import { transferOrderSchema, viewOf, type TransferOrder, type TransferView } from './transfer.schema.js';
import { problemOf } from './transfers.errors.js';
import { TransfersService, type RecordedTransfer } from './transfers.service.js';

/** What an Idempotency-Key is unique within. */
const POST_SCOPE = 'POST /v1/transfers';

@Controller('v1/transfers')
export class TransfersController {
  constructor(private readonly transfers: TransfersService) {}

  /** 202: the transfer is recorded; whether its money moves is decided by accounts. */
  @Post()
  @HttpCode(202)
  async order(
    @Body({ schema: transferOrderSchema }) order: TransferOrder,
    @Headers('idempotency-key') header: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TransferView> {
    const { transfer, replayed } = await this.record(order, header);
    void reply.header('location', `/v1/transfers/${transfer.id}`);
    if (replayed) void reply.header('idempotency-replayed', 'true');
    return viewOf(transfer);
  }

  @Get(':id')
  async get(@Param('id', { schema: z.uuid() }) id: string): Promise<TransferView> {
    return viewOf(await this.transfers.get(id));
  }

  /** The latest transfers, the newest first. */
  @Get()
  async list(): Promise<{ items: TransferView[] }> {
    return { items: (await this.transfers.latest()).map(viewOf) };
  }

  private async record(order: TransferOrder, header: string | undefined): Promise<RecordedTransfer> {
    try {
      return await this.transfers.order(order, idempotencyKeyOf(POST_SCOPE, header, order));
    } catch (error) {
      throw problemOf(error);
    }
  }
}
