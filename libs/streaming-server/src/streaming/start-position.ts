import type { MessageLog } from '../store/store.js';
import { StartPosition, type SubscriptionRequest } from '../wire/messages.js';

const NS_PER_MS = 1_000_000;

type Start = Pick<SubscriptionRequest, 'startPosition' | 'startSequence' | 'startTimeDeltaNs'>;

/** The last sequence that a new subscription does not want: it begins with the one after. */
export function lastUnwantedSequence(request: Start, log: MessageLog): number {
  const { firstSequence, lastSequence } = log;
  switch (request.startPosition) {
    case StartPosition.lastReceived:
      return Math.max(0, lastSequence - 1);
    case StartPosition.timeDelta:
      return log.sequenceAtTime(Date.now() - request.startTimeDeltaNs / NS_PER_MS) - 1;
    case StartPosition.sequence:
      return Math.min(Math.max(request.startSequence, firstSequence) - 1, lastSequence);
    case StartPosition.first:
      return firstSequence - 1;
    default:
      return lastSequence;
  }
}
