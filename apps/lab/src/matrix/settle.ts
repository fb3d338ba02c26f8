import { audit, isConsistent, type Audit } from '../audit/audit.js';
import { booksOf } from '../audit/books-of.js';
import type { Books } from '../audit/books.js';
import { DeadlineError } from '../lab.errors.js';
import { until } from '../parts/deadline.js';
import type { CellStage } from './cell-stage.js';
import type { CellAccounts, Client } from './client.js';
import { DAMAGES } from './verdict.js';

/**
 * Nothing has changed for so long: longer than a broker waits before it delivers again (1 s), than a relay leaves a lease
 * be (2 s), and than a publish is retried after (1 s).
 */
const REST_MS = 3_000;
/** What still moves by then is stuck. */
const SETTLE_MS_MAX = 25_000;
/** Between two readings of the books: each of them takes two connections and a dozen statements. */
const LOOK_MS = 100;

/**
 * Waits until nothing of a cell can move any more: both sides agree, no row waits in an outbox and every message that was
 * on a cable is acknowledged; or, where they do not agree, nothing has changed for a while.
 * @param before what the auditor said when everything had come to rest before: where just one more transfer is posted
 * since, nothing is waited for again
 * @returns what the auditor says then
 */
export async function settle(
  stage: CellStage,
  accounts: CellAccounts,
  client: Client,
  before?: Audit,
): Promise<Audit> {
  const ids = [accounts.debitAccountId, accounts.creditAccountId];
  let latest: Audit | undefined;
  let seen = '';
  let changedAt = performance.now();
  try {
    const look = async () => {
      const books = booksOf(await stage.readBooks(), ids);
      const found = audit(books, client.told());
      latest = found;
      const waits = waitingIn(books) > 0;
      if (isConsistent(found) && !waits && stage.wiretap.isQuiet) return found;
      if (before !== undefined && !waits && isOneMore(before, found)) return found;
      const now = `${stage.wiretap.traffic} ${fingerprintOf(books)}`;
      if (now !== seen) changedAt = performance.now();
      seen = now;
      return !waits && performance.now() - changedAt > REST_MS ? found : undefined;
    };
    return await until('a cell to settle', SETTLE_MS_MAX, look, LOOK_MS);
  } catch (error) {
    if (error instanceof DeadlineError && latest !== undefined) return latest;
    throw error;
  }
}

function isOneMore(before: Audit, found: Audit): boolean {
  const sameDamage = DAMAGES.every((damage) => found[damage].length === before[damage].length);
  return !isConsistent(before) && sameDamage && found.posted === before.posted + 1;
}

function waitingIn({ outbox }: Books): number {
  return [...outbox.transactions, ...outbox.accounts].filter(({ state }) => state === 'waiting').length;
}

function fingerprintOf({ transfers, postings, rejections, outbox, inbox }: Books): string {
  const statuses = transfers.map(({ status }) => status).join();
  const counts = [postings, rejections, outbox.accounts, inbox.accounts, inbox.transactions];
  return `${statuses} ${counts.map(({ length }) => length).join()}`;
}
