import type { Books, LedgerPosting, RecordedTransfer } from './books.js';
import { groupBy } from './group-by.js';
import { sumOf, sumsOf } from './money-sums.js';

/** What is wrong in the ledger itself, and between it and what was ordered, one sentence each. */
export function ledgerFaults(
  books: Books,
  postings: ReadonlyMap<string, readonly LedgerPosting[]>,
): string[] {
  return [...wrongMoves(books.transfers, postings), ...wrongRejections(books), ...imbalances(books)];
}

/** A posting must move what its transfer says, from and to whom it says. */
function wrongMoves(
  transfers: readonly RecordedTransfer[],
  postings: ReadonlyMap<string, readonly LedgerPosting[]>,
): string[] {
  return transfers.flatMap(({ id, debitAccountId, creditAccountId, amountMinor, currency }) => {
    const wanted = [`${creditAccountId} ${amountMinor}`, `${debitAccountId} ${-amountMinor}`].sort().join();
    const isWrong = (posting: LedgerPosting) =>
      posting.currency !== currency ||
      posting.entries
        .map(({ accountId, amountMinor: moved }) => `${accountId} ${moved}`)
        .sort()
        .join() !== wanted;
    return (postings.get(id) ?? []).some(isWrong)
      ? [`the posting of transfer ${id} moves something else`]
      : [];
  });
}

function wrongRejections({ transfers, rejections }: Books): string[] {
  const byId = new Map(transfers.map((transfer) => [transfer.id, transfer]));
  return rejections.flatMap(({ transferId, amountMinor, currency }) => {
    const transfer = byId.get(transferId);
    if (transfer === undefined || amountMinor === null) return [];
    const same = transfer.amountMinor === amountMinor && transfer.currency === currency;
    return same ? [] : [`the rejection of transfer ${transferId} is about another amount`];
  });
}

/** Every posting sums to zero, and so does every currency; every balance is the sum of its entries. */
function imbalances({ postings, accounts }: Books): string[] {
  const perAccount = groupBy(
    postings.flatMap(({ entries }) => entries),
    ({ accountId }) => accountId,
  );
  const offPostings = postings
    .filter((posting) => sumOf(posting.entries) !== 0n)
    .map(({ id }) => `the entries of posting ${id} do not sum to zero`);
  const offAccounts = accounts
    .filter(({ id, balanceMinor }) => balanceMinor !== sumOf(perAccount.get(id) ?? []))
    .map(({ id }) => `the balance of account ${id} is not the sum of its entries`);
  const balances = accounts.map(({ currency, balanceMinor }) => ({ currency, amountMinor: balanceMinor }));
  const offCurrencies = Object.entries(sumsOf(balances))
    .filter(([, sum]) => sum !== '0')
    .map(([currency, sum]) => `the balances in ${currency} sum to ${sum} and not to zero`);
  return [...offPostings, ...offAccounts, ...offCurrencies];
}
