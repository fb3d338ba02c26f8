import { OutboxOperations, plain } from '@app/outbox';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import type { z } from 'zod';
import { Open } from '../access/access.decorators.js';
import { OpsTokenGuard } from './ops-token.guard.js';
import { opsProblems, orProblem } from './outbox-ops.problems.js';
import { dropQuery, listQuery, messageId, replayOrder } from './outbox-ops.schema.js';

/**
 * What a human does with the outbox, over HTTP. Each answer is the JSON of what {@link OutboxOperations} gives. Open to
 * every caller of the bank, as it has a token of its own.
 */
@Open()
@Controller('ops/outbox')
@UseGuards(OpsTokenGuard)
export class OutboxOpsController {
  constructor(private readonly operations: OutboxOperations) {}

  @Get('stats')
  async stats(): Promise<unknown> {
    return plain(await this.operations.stats());
  }

  @Get('messages')
  async list(
    @Query({ schema: listQuery }) { state, ...filter }: z.output<typeof listQuery>,
  ): Promise<unknown> {
    return plain(await orProblem(this.operations.list({ state, ...present(filter) })));
  }

  @Get('messages/:id')
  async show(@Param('id', { schema: messageId }) id: string): Promise<unknown> {
    const message = await this.operations.show(id);
    if (!message) throw opsProblems.of('message-not-found', { messageId: id });
    return plain(message);
  }

  @Post('messages/:id/requeue')
  @HttpCode(200)
  async requeue(@Param('id', { schema: messageId }) id: string): Promise<unknown> {
    return { requeued: await orProblem(this.operations.requeue([id])) };
  }

  @Delete('messages/:id')
  async drop(
    @Param('id', { schema: messageId }) id: string,
    @Query({ schema: dropQuery }) { reason }: z.output<typeof dropQuery>,
  ): Promise<unknown> {
    return { dropped: await orProblem(this.operations.drop([id], { reason })) };
  }

  @Post('replay')
  @HttpCode(200)
  async replay(@Body({ schema: replayOrder }) order: z.output<typeof replayOrder>): Promise<unknown> {
    return orProblem(this.operations.replay(present(order)));
  }
}

/** The members that were given. */
function present<Given extends object>(
  given: Given,
): { [Name in keyof Given]: Exclude<Given[Name], undefined> } {
  const members = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members) as { [Name in keyof Given]: Exclude<Given[Name], undefined> };
}
