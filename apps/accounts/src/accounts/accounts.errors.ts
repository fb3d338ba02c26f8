import { CommitUnknownError } from '@app/outbox';
import { defineProblems, serviceProblems } from '@app/service';

/** What the operations on accounts may be refused with. */
export const accountProblems = defineProblems({
  'account-not-found': {
    status: 404,
    title: 'No such account',
    about:
      'No account has this id, or it is another’s: the two are answered alike. `accountId` is the id that was asked for.',
  },
  'account-closed': {
    status: 409,
    title: 'The account is closed',
    about: 'A closed account stays closed: it is not frozen any more and not unfrozen. Open another one.',
  },
  'account-frozen': {
    status: 409,
    title: 'The account is frozen',
    about: 'A frozen account is not closed before the bank has unfrozen it.',
  },
  'account-not-empty': {
    status: 409,
    title: 'The account is not empty',
    about:
      'Only an account with a balance of zero is closed. Move what is on it to another account first. A transfer that ' +
      'was under way may have come in since you looked.',
  },
  'version-mismatch': {
    status: 412,
    title: 'The account has changed',
    about:
      '`If-Match` names another version than the account has now, and nothing was changed. Read the account again, and ' +
      'repeat the request with its new `ETag` if it is still what you want.',
  },
  'currency-exhausted': {
    status: 409,
    title: 'The bank has given out all it can in this currency',
    about:
      'The opening balance would take the balances of this currency beyond 18 digits. Open the account with less on it.',
  },
});

/** What the caller is told of a change that failed on its way; any other error is handed on as it is. */
export function problemOf(error: unknown): unknown {
  return error instanceof CommitUnknownError
    ? serviceProblems.of('outcome-unknown', {}, { cause: error })
    : error;
}
