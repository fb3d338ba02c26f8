import { BooksDoNotAddUpError } from '../lab.errors.js';
import type { Books, LedgerPosting, RecordedTransfer } from './books.js';

/** What has become of a recorded transfer: exactly one of these. */
type Fate = 'posted' | 'rejected' | 'lost' | 'stuck';

/**
 * What the auditor found. Every recorded transfer is in one of the first four classes, so that
 * recorded = posted + rejected + lost + stuck.
 */
export interface Audit {
  readonly recorded: number;
  /** The ledger moved the money, and the transfer says so. */
  readonly posted: number;
  /** The ledger refused, and the transfer says so. */
  readonly rejected: number;
  /** Committed; neither posted nor rejected, and no outbox row that will ever bring it. */
  readonly lost: readonly RecordedTransfer[];
  /** All others: a row is not sent, a sent one is not decided, or the two databases disagree. */
  readonly stuck: readonly RecordedTransfer[];
  /** Transfers posted more than once, or with more than two entries. */
  readonly duplicated: readonly string[];
  /** Transfers that were posted or rejected and never recorded. */
  readonly phantom: readonly string[];
  /** The sum of the lost in minor units, as text, for each currency in which something was lost. */
  readonly moneyMissingMinor: Readonly<Record<string, string>>;
  /** What is wrong in the ledger itself, one sentence each. */
  readonly imbalances: readonly string[];
}

/**
 * Compares what one database says with what the other says. Pure: the same books give the same findings.
 * @throws BooksDoNotAddUpError when a transfer was read twice
 */
export function audit(books: Books): Audit {
  const postings = groupBy(
    books.postings.filter((posting) => posting.transferId !== null),
    (posting) => posting.transferId ?? '',
  );
  const rejections = new Set(books.rejections);
  const classes = groupBy(books.transfers, (transfer) => fateOf(transfer, books, postings, rejections));
  const inClass = (fate: Fate) => classes.get(fate) ?? [];
  const recorded = new Set(books.transfers.map(({ id }) => id));
  refuseSumThatIsOff(recorded.size, books.transfers.length);
  return {
    recorded: recorded.size,
    posted: inClass('posted').length,
    rejected: inClass('rejected').length,
    lost: inClass('lost'),
    stuck: inClass('stuck'),
    duplicated: [...postings].filter(([, group]) => isTwice(group)).map(([id]) => id),
    phantom: [...new Set([...postings.keys(), ...rejections])].filter((id) => !recorded.has(id)),
    moneyMissingMinor: sums(inClass('lost').map(({ currency, amountMinor }) => [currency, amountMinor])),
    imbalances: [...wrongMoves(books.transfers, postings), ...imbalances(books)],
  };
}

/** Whether nothing at all is wrong. */
export function isConsistent({ lost, stuck, duplicated, phantom, imbalances }: Audit): boolean {
  return [lost, stuck, duplicated, phantom, imbalances].every((findings) => findings.length === 0);
}

function fateOf(
  { id, status }: RecordedTransfer,
  { transfersInOutbox }: Books,
  postings: ReadonlyMap<string, readonly LedgerPosting[]>,
  rejections: ReadonlySet<string>,
): Fate {
  const [isPosted, isRejected] = [postings.has(id), rejections.has(id)];
  if (isPosted && !isRejected && status === 'posted') return 'posted';
  if (isRejected && !isPosted && status === 'rejected') return 'rejected';
  if (!isPosted && !isRejected && !transfersInOutbox.has(id)) return 'lost';
  return 'stuck';
}

function refuseSumThatIsOff(recorded: number, classified: number): void {
  if (recorded === classified) return;
  throw new BooksDoNotAddUpError(
    `${recorded} transfers are recorded, but posted + rejected + lost + stuck = ${classified}: an id was read twice`,
  );
}

function isTwice(postings: readonly LedgerPosting[]): boolean {
  return postings.length > 1 || postings.some(({ entries }) => entries.length > 2);
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

/** Every posting sums to zero, and so does every currency; every balance is the sum of its entries. */
function imbalances({ postings, accounts }: Books): string[] {
  const entries = postings.flatMap((posting) => posting.entries);
  const sumOf = (amounts: readonly { amountMinor: bigint }[]) =>
    amounts.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const perAccount = groupBy(entries, ({ accountId }) => accountId);
  const offPostings = postings
    .filter((posting) => sumOf(posting.entries) !== 0n)
    .map(({ id }) => `the entries of posting ${id} do not sum to zero`);
  const offAccounts = accounts
    .filter(({ id, balanceMinor }) => balanceMinor !== sumOf(perAccount.get(id) ?? []))
    .map(({ id }) => `the balance of account ${id} is not the sum of its entries`);
  const offCurrencies = Object.entries(
    sums(accounts.map(({ currency, balanceMinor }) => [currency, balanceMinor])),
  )
    .filter(([, sum]) => sum !== '0')
    .map(([currency, sum]) => `the balances in ${currency} sum to ${sum} and not to zero`);
  return [...offPostings, ...offAccounts, ...offCurrencies];
}

function sums(
  amounts: readonly (readonly [currency: string, amountMinor: bigint])[],
): Record<string, string> {
  const totals = groupBy(amounts, ([currency]) => currency);
  return Object.fromEntries(
    [...totals].map(([currency, group]) => [
      currency,
      String(group.reduce((sum, [, amount]) => sum + amount, 0n)),
    ]),
  );
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
