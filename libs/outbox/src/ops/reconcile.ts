import { inTransaction, type OperationsContext } from './operations-context.js';
import { readMessages } from './sql/read-messages.js';
import { readSettledPage, type SettledEvent, type SettledPage } from './sql/read-settled-page.js';
import { storeCopies } from './sql/store-copies.js';

/**
 * Asks the other side which of these events it has; `sources` names the source of each, in the same order.
 *
 * @returns the ids of those that it has
 */
export type Seen = (ids: string[], sources: string[]) => Promise<Set<string>>;

/** The span in which the events were stored, from the first time on and before the second. */
export interface ReconcileSpan {
  /** Default: everything that is kept. */
  readonly from?: Date;
  /** Leave time for what is on its way: what is not handled yet counts as missing. Default: five minutes ago. */
  readonly to?: Date;
}

/** Events that are compared at once. */
const PAGE = 1_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const UNDER_WAY_MS = 300_000;

/**
 * Sends again what was acknowledged and never arrived: a broker that lost its store. Each goes as it went, with its
 * id and number, in a message without order; where it had arrived after all, the inbox swallows it.
 *
 * @returns the ids of the events that were missing
 */
export async function reconcile(
  context: OperationsContext,
  seen: Seen,
  { from, to = new Date(Date.now() - UNDER_WAY_MS) }: ReconcileSpan,
): Promise<string[]> {
  const sql = context.tables.on(context.dataSource);
  const resent: string[] = [];
  for (let after: string | undefined = FIRST_ID; after !== undefined;) {
    const { events, next }: SettledPage = await readSettledPage(sql, after, { from, to, limit: PAGE });
    resent.push(...(await compare(context, seen, events)));
    after = next;
  }
  return resent;
}

async function compare(
  context: OperationsContext,
  seen: Seen,
  events: readonly SettledEvent[],
): Promise<string[]> {
  if (events.length === 0) return [];
  const known = await seen(
    events.map(({ id }) => id),
    events.map(({ source }) => source),
  );
  const missing = events.filter(({ id }) => !known.has(id));
  return missing.length > 0 ? resend(context, missing) : [];
}

async function resend(context: OperationsContext, missing: readonly SettledEvent[]): Promise<string[]> {
  const ids = await inTransaction(context, async (sql) => {
    const messages = await readMessages(sql, missing);
    await storeCopies(sql, messages);
    return messages.map(({ id }) => id);
  });
  context.wake();
  return ids;
}
