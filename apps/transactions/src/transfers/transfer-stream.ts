import { viewOf } from './transfer.schema.js';
import type { Transfer } from './transfer.entity.js';
import type { Waiter } from './settlement-waiters.js';

/** The ids of a stream's events. Every stream of a transfer has the same two, whenever it is opened. */
export const PENDING_EVENT = 1;
export const OUTCOME_EVENT = 2;

/** Which event a client has seen last, by its `Last-Event-ID`; 0 for none, and for what no stream ever said. */
export function lastEventOf(header: string | undefined): number {
  const number = Number(header ?? 0);
  return number === PENDING_EVENT || number === OUTCOME_EVENT ? number : 0;
}

/** After which time, in ms, a client whose stream broke comes again. */
const RETRY_MS = 1_000;

/** What a stream is made of. */
export interface StreamParts {
  readonly lastEvent: number;
  readonly waiter: Waiter;
  readonly heartbeatMs: number;
  /** True when nobody reads any more, or the process is stopping. */
  readonly isOver: () => boolean;
  readonly look: () => Promise<Transfer>;
}

/**
 * The text of a stream of server-sent events (WHATWG HTML, section 9.2): `pending`, then `posted` or `rejected`, and
 * then its end; a comment for each heartbeat without one. At a shutdown it ends without the outcome, and the client
 * comes again, to another instance.
 */
export async function* transferStream(first: Transfer, parts: StreamParts): AsyncGenerator<string> {
  const { lastEvent, waiter, heartbeatMs, isOver } = parts;
  yield `retry: ${RETRY_MS}\n\n`;
  if (lastEvent < PENDING_EVENT) yield eventText(PENDING_EVENT, asPending(first));
  let transfer = first;
  while (transfer.status === 'pending') {
    const woken = await waiter.next(heartbeatMs);
    if (isOver()) return;
    if (woken) transfer = await parts.look();
    else yield ': still pending\n\n';
  }
  yield eventText(OUTCOME_EVENT, transfer);
}

/** As it was before it was settled. */
function asPending(transfer: Transfer): Transfer {
  return { ...transfer, status: 'pending', rejectionReason: null, settledAt: null };
}

function eventText(id: number, transfer: Transfer): string {
  return `id: ${id}\nevent: ${transfer.status}\ndata: ${JSON.stringify(viewOf(transfer))}\n\n`;
}
