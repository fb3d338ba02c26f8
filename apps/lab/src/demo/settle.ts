import { audit, isConsistent, type Audit } from '../audit/audit.js';
import { readBooks, readTraffic, type Traffic } from '../audit/read-books.js';
import { readChannel, transfersIn } from '../audit/witness.js';
import { DeadlineError } from '../lab.errors.js';
import { until } from '../parts/deadline.js';
import type { Ground } from '../parts/parts.js';

const CHANNEL = 'transfer.requested';
/** What has not moved by then counts as stuck. */
const SETTLE_MS_MAX = 30_000;
const WITNESS_MS_MAX = 10_000;

/** How things stand when nothing moves any more. */
export interface Settled {
  readonly audit: Audit;
  readonly traffic: Traffic;
  /** The transfers on the broker's channel. */
  readonly witnessed: ReadonlySet<string>;
  readonly consistent: boolean;
}

/**
 * Waits until nothing can move any more: no row waits in an outbox, nothing is undecided that the broker holds. Call it
 * when no request is under way.
 * @returns how things stand then, or at the deadline; what has not moved by then is among the stuck, or among the lost
 * although it was witnessed
 */
export async function settle(ground: Ground): Promise<Settled> {
  let latest: Settled | undefined;
  try {
    return await until('everything to settle', SETTLE_MS_MAX, async () => {
      latest = await look(ground);
      return moves(latest) ? undefined : latest;
    });
  } catch (error) {
    if (error instanceof DeadlineError && latest !== undefined) return latest;
    throw error;
  }
}

async function look({ databases, broker, channelPrefix }: Ground): Promise<Settled> {
  const traffic = await readTraffic(databases);
  const found = audit(await readBooks(databases));
  const messages = await readChannel(broker, `${channelPrefix}${CHANNEL}`, WITNESS_MS_MAX);
  return { audit: found, traffic, witnessed: transfersIn(messages), consistent: isConsistent(found) };
}

function moves({ audit: found, traffic, witnessed }: Settled): boolean {
  const onItsWay = found.lost.some(({ id }) => witnessed.has(id));
  return found.stuck.length > 0 || traffic.waiting > 0 || traffic.outcomesWaiting > 0 || onItsWay;
}
