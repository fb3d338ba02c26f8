import { BooksDoNotAddUpError } from '../lab.errors.js';
import type { Books, LedgerPosting, RecordedTransfer } from './books.js';
import { Evidence } from './evidence.js';
import { groupBy } from './group-by.js';
import { ledgerFaults } from './ledger-faults.js';
import { sumsOf } from './money-sums.js';
import { lateEffects } from './order.js';
import { recordFaults } from './record-faults.js';
import { toldFaults, type Told } from './told.js';

/** A transfer in one of the auditor's classes. */
export interface Finding {
  readonly id: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** Why it is in that class, in words. */
  readonly because: string;
}

/** The same of one that is recorded. */
export type TransferFinding = Finding & RecordedTransfer;

/**
 * What the auditor found.
 *
 * Every recorded transfer is in exactly one of five: recorded = posted + rejected + lost + stuck + duplicated. And no
 * transfer is in two of the six classes that have a name for what went wrong:
 *
 * - `lost`: committed, neither posted nor rejected, and nothing will ever bring it: no outbox row that waits or is
 *   parked, no dead letter, no message that the broker is still going to deliver.
 * - `phantom`: posted or rejected, and never recorded.
 * - `duplicated`: posted more than once, or with more than two entries, whatever else is wrong with it.
 * - `stuck`: everything else that the two sides do not agree on: something is left that may bring the event and has not
 *   by now, or the outcome did not get back, or the sides contradict each other.
 * - `reordered`: both sides agree, and its effect came after that of a later one of its key. That is counted and is no
 *   fault: what is promised is the order of publication (`publishedOutOfOrder`), and of handling where the consumer
 *   compares numbers.
 * - `in doubt, then converged`: both sides agree, and meanwhile somebody could not know: the client was not told what
 *   became of its order, or a relay had to publish an event of it again. No fault either: that is how it is to end.
 *
 * The last two are counted among `posted` and `rejected` too.
 */
export interface Audit {
  readonly recorded: number;
  /** The ledger moved the money once, and the transfer says so. */
  readonly posted: number;
  /** The ledger refused, and the transfer says so. */
  readonly rejected: number;
  readonly lost: readonly TransferFinding[];
  readonly stuck: readonly TransferFinding[];
  readonly duplicated: readonly TransferFinding[];
  readonly phantom: readonly Finding[];
  readonly reordered: readonly TransferFinding[];
  readonly convergedFromDoubt: readonly TransferFinding[];
  /** The sum of the lost in minor units, as text, for each currency in which something was lost. */
  readonly moneyMissingMinor: Readonly<Record<string, string>>;
  /** What is wrong in the ledger itself, one sentence each. */
  readonly imbalances: readonly string[];
  /** Where outbox, inbox, dead letters, idempotency records or clients say something else than the rows, one sentence each. */
  readonly disagreements: readonly string[];
}

type Fate = 'posted' | 'rejected' | 'lost' | 'stuck' | 'duplicated';
type Judged = TransferFinding & { readonly fate: Fate };

/**
 * Compares what each side says with what the others say. Pure: the same books give the same findings.
 * @param told what the client was told of each order, by its Idempotency-Key; by default nobody remembers
 * @throws BooksDoNotAddUpError when a transfer was read twice
 */
export function audit(books: Books, told: ReadonlyMap<string, Told> = new Map()): Audit {
  const evidence = new Evidence(books);
  refuseRepeats(books.transfers);
  const classes = groupBy(
    books.transfers.map((transfer) => judge(transfer, evidence)),
    ({ fate }) => fate,
  );
  const inClass = (fate: Fate) => (classes.get(fate) ?? []).map(({ fate: _, ...finding }) => finding);
  const settled = [...inClass('posted'), ...inClass('rejected')];
  const late = lateEffects(books, new Set(settled.map(({ id }) => id)));
  const reordered = settled.flatMap((finding) => because(finding, late.get(finding.id)));
  const lost = inClass('lost');
  return {
    recorded: books.transfers.length,
    posted: inClass('posted').length,
    rejected: inClass('rejected').length,
    lost,
    stuck: inClass('stuck'),
    duplicated: inClass('duplicated'),
    phantom: phantoms(evidence),
    reordered,
    convergedFromDoubt: settled
      .filter(({ id }) => !late.has(id))
      .flatMap((finding) => because(finding, doubtAbout(finding, evidence, told))),
    moneyMissingMinor: sumsOf(lost),
    imbalances: ledgerFaults(books, evidence.postings),
    disagreements: [...recordFaults(evidence), ...toldFaults(books, told)],
  };
}

/** Whether the money is where it belongs and everybody says so. What came late or was in doubt meanwhile is no fault. */
export function isConsistent(found: Audit): boolean {
  const { lost, stuck, duplicated, phantom, imbalances, disagreements } = found;
  return [lost, stuck, duplicated, phantom, imbalances, disagreements].every((faults) => faults.length === 0);
}

function judge(transfer: RecordedTransfer, evidence: Evidence): Judged {
  const { id, status } = transfer;
  const postings = evidence.postings.get(id) ?? [];
  const as = (fate: Fate, why: string): Judged => ({ ...transfer, fate, because: why });
  if (isTwice(postings))
    return as('duplicated', `${postings.length} postings, ${entriesOf(postings)} entries`);
  const isRejected = evidence.rejections.has(id);
  if (postings.length > 0 && isRejected) return as('stuck', 'it was posted and rejected');
  if (postings.length === 0 && !isRejected) {
    const { alive, because: why } = evidence.prospectOf('transactions', id);
    return as(alive ? 'stuck' : 'lost', status === 'pending' ? why : `it says ${status}, and ${why}`);
  }
  const outcome = isRejected ? 'rejected' : 'posted';
  if (status === outcome) return as(outcome, 'both sides say so');
  if (status !== 'pending') return as('stuck', `it says ${status}, and was ${outcome}`);
  return as('stuck', `it was ${outcome}, and of that ${evidence.prospectOf('accounts', id).because}`);
}

function refuseRepeats(transfers: readonly RecordedTransfer[]): void {
  const recorded = new Set(transfers.map(({ id }) => id)).size;
  if (recorded === transfers.length) return;
  throw new BooksDoNotAddUpError(
    `${recorded} transfers are recorded, but posted + rejected + lost + stuck + duplicated = ${transfers.length}: ` +
      'an id was read twice',
  );
}

function entriesOf(postings: readonly LedgerPosting[]): number {
  return postings.reduce((sum, { entries }) => sum + entries.length, 0);
}

function isTwice(postings: readonly LedgerPosting[]): boolean {
  return postings.length > 1 || entriesOf(postings) > 2;
}

function because<Found extends Finding>(finding: Found, why: string | undefined): Found[] {
  return why === undefined ? [] : [{ ...finding, because: why }];
}

function doubtAbout(
  { id }: Finding,
  evidence: Evidence,
  told: ReadonlyMap<string, Told>,
): string | undefined {
  const keys = evidence.keysOf(id);
  if (keys.some((key) => told.get(key)?.outcome === 'unknown')) return 'its client was not told';
  if (evidence.wasRepeated('transactions', id)) return 'its request was published more than once';
  if (evidence.wasRepeated('accounts', id)) return 'its outcome was published more than once';
  return undefined;
}

function phantoms({ books, postings, rejections }: Evidence): Finding[] {
  const recorded = new Set(books.transfers.map(({ id }) => id));
  const posted = [...postings].map(([id, [posting]]) => ({
    id,
    amountMinor: amountOf(posting),
    currency: posting?.currency ?? '',
    because: 'it was posted and never recorded',
  }));
  const rejected = [...rejections.values()]
    .filter(({ transferId }) => !postings.has(transferId))
    .map(({ transferId, amountMinor, currency }) => ({
      id: transferId,
      amountMinor: amountMinor ?? 0n,
      currency: currency ?? '',
      because: 'it was rejected and never recorded',
    }));
  return [...posted, ...rejected].filter(({ id }) => !recorded.has(id));
}

function amountOf(posting: LedgerPosting | undefined): bigint {
  return posting?.entries.find(({ amountMinor }) => amountMinor > 0n)?.amountMinor ?? 0n;
}
