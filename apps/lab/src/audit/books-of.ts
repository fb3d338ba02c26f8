import type { AnsweredTransfer, Books, LedgerPosting, Side, TransferEvent } from './books.js';
import { groupBy } from './group-by.js';
import { sumOf } from './money-sums.js';

/**
 * The books as if there were only some customers: their accounts, and all that is about a transfer from or to one of
 * them. Other accounts that such a posting touched (the bank's own, for an opening balance) stay in with what these
 * postings did to them, so that the sums still come out. What names no account stays out: a refusal under a key, an
 * event in an inbox whose sender has no trace of it, a dead letter that cannot be read. Pure.
 */
export function booksOf(books: Books, accountIds: readonly string[]): Books {
  const theirs = new Set<string | null>(accountIds);
  const isTheirs = ({ debitAccountId, creditAccountId }: Legs) =>
    theirs.has(debitAccountId) || theirs.has(creditAccountId);
  const transfers = books.transfers.filter(isTheirs);
  const ids = new Set(transfers.map(({ id }) => id));
  const speaksOfThem = (event: TransferEvent) => ids.has(event.transferId) || isTheirs(event);
  const postings = books.postings.filter(
    ({ transferId, entries }) =>
      ids.has(transferId ?? '') || entries.some(({ accountId }) => theirs.has(accountId)),
  );
  const events = (books.channels?.events ?? []).filter(speaksOfThem);
  const outbox = eachSide((side) => books.outbox[side].filter(speaksOfThem));
  const eventIds = new Set([...events, ...outbox.transactions, ...outbox.accounts].map(({ id }) => id));
  return {
    transfers,
    postings,
    rejections: books.rejections.filter((rejection) => ids.has(rejection.transferId) || isTheirs(rejection)),
    accounts: accountsOf(books, theirs, postings),
    outbox,
    inbox: eachSide((side) => books.inbox[side].filter(({ eventId }) => eventIds.has(eventId))),
    deadLetters: eachSide((side) =>
      books.deadLetters[side].filter(({ event }) => event !== null && speaksOfThem(event)),
    ),
    idempotency: books.idempotency.filter(({ transfers: named }) =>
      named.some((answered: AnsweredTransfer) => ids.has(answered.id) || isTheirs(answered)),
    ),
    ...(books.channels === undefined ? {} : { channels: { ...books.channels, events } }),
  };
}

interface Legs {
  readonly debitAccountId: string | null;
  readonly creditAccountId: string | null;
}

function eachSide<Value>(of: (side: Side) => Value): Record<Side, Value> {
  return { transactions: of('transactions'), accounts: of('accounts') };
}

/** An account that is not theirs loses what other postings did to it: what is wrong with it otherwise, stays wrong. */
function accountsOf(
  books: Books,
  theirs: ReadonlySet<string | null>,
  kept: readonly LedgerPosting[],
): Books['accounts'] {
  const keptIds = new Set(kept.map(({ id }) => id));
  const touched = new Set(kept.flatMap(({ entries }) => entries.map(({ accountId }) => accountId)));
  const others = books.postings.filter(({ id }) => !keptIds.has(id)).flatMap(({ entries }) => entries);
  const byAccount = groupBy(others, ({ accountId }) => accountId);
  return books.accounts
    .filter(({ id }) => theirs.has(id) || touched.has(id))
    .map((account) => ({
      ...account,
      balanceMinor: account.balanceMinor - sumOf(byAccount.get(account.id) ?? []),
    }));
}
