import { Readable } from 'node:stream';
import { CurrentCaller, Operation, Scopes, type Caller } from '@app/service';
import { Controller, Get, Headers, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Settings } from '../settings.js';
import { SettlementWaiters } from './settlement-waiters.js';
import { whenGone } from './transfer-answers.js';
import { idSchema } from './transfer.schema.js';
import { lastEventOf, OUTCOME_EVENT, transferStream } from './transfer-stream.js';
import { transferProblems } from './transfers.errors.js';
import { TransfersService } from './transfers.service.js';

/** When who finds too many streams may come again, in seconds. */
const RETRY_AFTER_SECONDS = 5;

@Controller('v1/transfers')
export class TransferEventsController {
  constructor(
    private readonly transfers: TransfersService,
    private readonly waiters: SettlementWaiters,
    private readonly settings: Settings,
  ) {}

  @Get(':id/events')
  @Scopes('transfers:read')
  @Operation({
    id: 'streamTransfer',
    summary: 'What becomes of a transfer, as it happens',
    description:
      'Server-sent events: `pending` with the id 1, then `posted` or `rejected` with the id 2, each with the transfer as ' +
      'its data; then the stream ends. `Last-Event-ID` goes on from there.',
    answers: {
      200: { description: 'The stream.', schema: z.string(), contentType: 'text/event-stream' },
      204: { description: 'There is nothing after `Last-Event-ID`: do not come again.' },
    },
    headers: {
      'Last-Event-ID': { description: 'The id of the last event that the caller has seen.', example: '1' },
    },
    problems: [[transferProblems, 'transfer-not-found', 'too-many-streams']],
  })
  async stream(
    @Param('id', { schema: idSchema }) id: string,
    @Headers('last-event-id') header: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const signal = whenGone(reply);
    // Before the first look: what is settled in between wakes it.
    const waiter = this.waiters.join(id, signal);
    if (!waiter) {
      void reply.header('retry-after', RETRY_AFTER_SECONDS);
      throw transferProblems.of('too-many-streams');
    }
    const look = () => this.transfers.get(id, caller);
    const first = await look();
    const lastEvent = lastEventOf(header);
    if (lastEvent === OUTCOME_EVENT && first.status !== 'pending') return void reply.status(204).send();
    const { streamHeartbeatMs: heartbeatMs } = this.settings;
    const isOver = () => signal.aborted || this.waiters.stopping;
    const stream = transferStream(first, { lastEvent, waiter, heartbeatMs, isOver, look });
    void reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      // Proxies that would hold events back until there are many: nginx is told by its own header.
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(Readable.from(stream));
  }
}
