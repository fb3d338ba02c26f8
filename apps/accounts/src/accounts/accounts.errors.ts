import { ProblemException, problemType } from '@app/service';

export function accountNotFound(id: string): ProblemException {
  return new ProblemException({
    type: problemType('account-not-found'),
    title: 'No such account',
    status: 404,
    accountId: id,
  });
}
