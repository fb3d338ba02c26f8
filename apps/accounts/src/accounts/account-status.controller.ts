import {
  CurrentCaller,
  Operation,
  Scopes,
  serviceProblems,
  type Caller,
  type OperationDocument,
} from '@app/service';
import { Controller, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { accountIdSchema, accountViewSchema, viewOf, type AccountView } from './account.schema.js';
import { accountProblems } from './accounts.errors.js';
import { AccountsService } from './accounts.service.js';
import type { StatusChange } from './change-status.js';
import { entityTagOf } from './entity-tag.js';

/** What the three operations answer alike. */
const ANSWERS: OperationDocument['answers'] = {
  200: {
    description: 'The account as it is now; also where it was so before.',
    schema: accountViewSchema,
    headers: { ETag: 'The account’s version, in quotes.' },
  },
};
const HEADERS: NonNullable<OperationDocument['headers']> = {
  'If-Match': { description: 'The `ETag` of the account as the caller has seen it.', example: '"3"' },
};
const CONDITION = 'With `If-Match` only if the account still has that version.';

/** Freezes, unfreezes and closes accounts. A repeated request changes nothing more. */
@Controller('v1/accounts/:id')
export class AccountStatusController {
  constructor(private readonly accounts: AccountsService) {}

  @Post('freeze')
  @HttpCode(200)
  @Scopes('bank:admin')
  @Operation({
    id: 'freezeAccount',
    summary: 'Freezes an account',
    description: `Nothing leaves it any more, except when the bank reverses a transfer; what comes in is taken. ${CONDITION}`,
    answers: ANSWERS,
    headers: HEADERS,
    problems: [
      [accountProblems, 'account-not-found', 'account-closed', 'version-mismatch'],
      [serviceProblems, 'outcome-unknown'],
    ],
  })
  freeze(
    @Param('id', { schema: accountIdSchema }) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView> {
    return this.change('freeze', id, { ifMatch, caller, reply });
  }

  @Post('unfreeze')
  @HttpCode(200)
  @Scopes('bank:admin')
  @Operation({
    id: 'unfreezeAccount',
    summary: 'Unfreezes an account',
    description: CONDITION,
    answers: ANSWERS,
    headers: HEADERS,
    problems: [
      [accountProblems, 'account-not-found', 'account-closed', 'version-mismatch'],
      [serviceProblems, 'outcome-unknown'],
    ],
  })
  unfreeze(
    @Param('id', { schema: accountIdSchema }) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView> {
    return this.change('unfreeze', id, { ifMatch, caller, reply });
  }

  @Post('close')
  @HttpCode(200)
  @Scopes('accounts:write')
  @Operation({
    id: 'closeAccount',
    summary: 'Closes an account for good',
    description: `Only at a balance of zero. ${CONDITION}`,
    answers: ANSWERS,
    headers: HEADERS,
    problems: [
      [accountProblems, 'account-not-found', 'account-frozen', 'account-not-empty'],
      [accountProblems, 'version-mismatch'],
      [serviceProblems, 'outcome-unknown'],
    ],
  })
  close(
    @Param('id', { schema: accountIdSchema }) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView> {
    return this.change('close', id, { ifMatch, caller, reply });
  }

  private async change(
    change: StatusChange,
    id: string,
    request: { ifMatch: string | undefined; caller: Caller; reply: FastifyReply },
  ): Promise<AccountView> {
    const { ifMatch, caller, reply } = request;
    const account = await this.accounts.changeStatus(caller, id, { change, ifMatch });
    void reply.header('etag', entityTagOf(account));
    return viewOf(account);
  }
}
