import { Body, Controller, Get, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { entryViewOf, type EntryView } from '../ledger/entry.schema.js';
import { accountOpeningSchema, viewOf, type AccountOpening, type AccountView } from './account.schema.js';
import { AccountsService } from './accounts.service.js';

@Controller('v1/accounts')
export class AccountsController {
  constructor(private readonly accounts: AccountsService) {}

  @Post()
  async open(
    @Body({ schema: accountOpeningSchema }) opening: AccountOpening,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView> {
    const account = await this.accounts.open(opening);
    void reply.header('location', `/v1/accounts/${account.id}`);
    return viewOf(account);
  }

  @Get(':id')
  async get(@Param('id', { schema: z.uuid() }) id: string): Promise<AccountView> {
    return viewOf(await this.accounts.get(id));
  }

  @Get(':id/entries')
  async entries(@Param('id', { schema: z.uuid() }) id: string): Promise<{ items: EntryView[] }> {
    return { items: (await this.accounts.entriesOf(id)).map(entryViewOf) };
  }
}
