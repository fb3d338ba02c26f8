import { isBank, serviceProblems, type Caller } from '@app/service';
import type { AccountOpening } from './account.schema.js';
import type { NewAccount } from './accounts.service.js';

/**
 * Whose account is opened: the caller's, unless it says otherwise.
 *
 * @throws ProblemException 400 if it does not say, and nobody is asked who they are
 */
export function ownerOf({ owner }: AccountOpening, { subject }: Caller): string {
  const named = owner ?? subject;
  if (named !== undefined) return named;
  throw serviceProblems.of('invalid-request', {
    errors: [{ field: 'owner', message: 'expected an owner, since callers are not asked who they are' }],
  });
}

/** Whether the caller may: the bank opens any account, everybody else an empty one of their own. */
export function mayOpen({ owner, openingBalanceMinor }: NewAccount, caller: Caller): boolean {
  return isBank(caller) || (owner === caller.subject && openingBalanceMinor === 0n);
}
