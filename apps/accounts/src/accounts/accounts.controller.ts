import { CurrentCaller, isBank, Operation, Scopes, serviceProblems, type Caller } from '@app/service';
import { Body, Controller, Get, Headers, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  entriesPageSchema,
  entriesQuerySchema,
  entryViewOf,
  type EntriesQuery,
  type EntryView,
} from '../ledger/entry.schema.js';
import { pageOf, type Page } from '../paging/page.schema.js';
import {
  accountIdSchema,
  accountOpeningSchema,
  accountsPageSchema,
  accountsQuerySchema,
  accountViewSchema,
  viewOf,
  type AccountOpening,
  type AccountsQuery,
  type AccountView,
} from './account.schema.js';
import { accountProblems } from './accounts.errors.js';
import { mayOpen, ownerOf } from './account-access.js';
import { AccountsService } from './accounts.service.js';
import { entityTagOf, matchesWeakly } from './entity-tag.js';

/** Opens accounts and shows them. */
@Controller('v1/accounts')
export class AccountsController {
  constructor(private readonly accounts: AccountsService) {}

  @Post()
  @Scopes('accounts:write')
  @Operation({
    id: 'openAccount',
    summary: 'Opens an account',
    description:
      'The account is the caller’s own. An opening balance other than zero, and an owner other than the caller, need ' +
      'the scope `bank:admin`. The opening balance comes from the currency’s system account.',
    answers: {
      201: {
        description: 'The account is open.',
        schema: accountViewSchema,
        headers: { Location: 'The account’s address.', ETag: 'The account’s version, in quotes.' },
      },
    },
    problems: [
      [accountProblems, 'currency-exhausted'],
      [serviceProblems, 'outcome-unknown'],
    ],
    examples: {
      'with-money': {
        summary: 'With 1,000.00 EUR on it',
        body: { owner: 'ada', currency: 'EUR', openingBalanceMinor: '100000' },
        status: 201,
      },
      empty: { summary: 'With nothing on it', body: { owner: 'bob', currency: 'JPY' }, status: 201 },
      'not-a-currency': {
        summary: 'A currency that ISO 4217 does not know',
        body: { owner: 'ada', currency: 'EURO' },
        status: 400,
      },
    },
  })
  async open(
    @Body({ schema: accountOpeningSchema }) opening: AccountOpening,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView> {
    const account = {
      owner: ownerOf(opening, caller),
      currency: opening.currency,
      openingBalanceMinor: BigInt(opening.openingBalanceMinor),
    };
    if (!mayOpen(account, caller)) {
      void reply.header('www-authenticate', 'Bearer error="insufficient_scope", scope="bank:admin"');
      throw serviceProblems.of('insufficient-scope', { scopes: ['bank:admin'] });
    }
    const opened = await this.accounts.open(account);
    void reply.header('location', `/v1/accounts/${opened.id}`).header('etag', entityTagOf(opened));
    return viewOf(opened);
  }

  @Get()
  @Scopes('accounts:read')
  @Operation({
    id: 'listAccounts',
    summary: 'Lists accounts, the newest first',
    description: 'A caller’s own accounts; with the scope `bank:admin` those of all customers.',
    answers: { 200: { description: 'A page of accounts.', schema: accountsPageSchema } },
  })
  async list(
    @Query({ schema: accountsQuerySchema }) { owner, cursor, limit }: AccountsQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<Page<AccountView>> {
    const listed = isBank(caller) ? owner : caller.subject;
    // Nobody's accounts, where everybody's would be listed without an owner; or another's.
    if (!isBank(caller) && (listed === undefined || (owner ?? listed) !== listed)) return { items: [] };
    const accounts = await this.accounts.list({ owner: listed, before: cursor, limit: limit + 1 });
    return pageOf(accounts, limit, { view: viewOf, keyOf: ({ id }) => id });
  }

  @Get(':id')
  @Scopes('accounts:read')
  @Operation({
    id: 'getAccount',
    summary: 'Shows an account and its balance',
    answers: {
      200: {
        description: 'The account.',
        schema: accountViewSchema,
        headers: { ETag: 'The account’s version, in quotes.' },
      },
      304: { description: 'The account still has the version that `If-None-Match` names.' },
    },
    headers: {
      'If-None-Match': { description: 'The `ETag` of what the caller has already.', example: '"3"' },
    },
    problems: [[accountProblems, 'account-not-found']],
  })
  async get(
    @Param('id', { schema: accountIdSchema }) id: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView | undefined> {
    const account = await this.accounts.get(caller, id);
    const tag = entityTagOf(account);
    void reply.header('etag', tag);
    if (ifNoneMatch === undefined || !matchesWeakly(ifNoneMatch, tag)) return viewOf(account);
    void reply.status(304);
    return undefined;
  }

  @Get(':id/entries')
  @Scopes('accounts:read')
  @Operation({
    id: 'listEntries',
    summary: 'Lists the entries of an account, the newest first',
    description: 'Each with the balance after it. Entries are never changed and never deleted.',
    answers: { 200: { description: 'A page of entries.', schema: entriesPageSchema } },
    problems: [[accountProblems, 'account-not-found']],
  })
  async entries(
    @Param('id', { schema: accountIdSchema }) id: string,
    @Query({ schema: entriesQuerySchema }) { cursor, limit }: EntriesQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<Page<EntryView>> {
    const entries = await this.accounts.entriesOf(caller, id, { before: cursor, limit: limit + 1 });
    return pageOf(entries, limit, { view: entryViewOf, keyOf: (entry) => entry.id });
  }
}
