import type { Channel } from './channel.js';
import { StartPosition, type SubscriptionRequest } from '../wire/messages.js';

const NS_PER_MS = 1_000_000;

type Start = Pick<SubscriptionRequest, 'startPosition' | 'startSequence' | 'startTimeDeltaNs'>;

/** The last sequence that a new subscription does not want: it begins with the one after. */
export function lastUnwantedSequence(request: Start, channel: Channel): number {
  const { log } = channel;
  const { firstSequence } = log;
  // What is not safe in the store yet may be taken back: nothing begins after it.
  const lastSequence = channel.availableSequence;
  switch (request.startPosition) {
    case StartPosition.lastReceived:
      return Math.max(0, lastSequence - 1);
    case StartPosition.timeDelta:
      return Math.min(
        log.sequenceAtTime(Date.now() - request.startTimeDeltaNs / NS_PER_MS) - 1,
        lastSequence,
      );
    case StartPosition.sequence:
      return Math.min(Math.max(request.startSequence, firstSequence) - 1, lastSequence);
    case StartPosition.first:
      return firstSequence - 1;
    default:
      return lastSequence;
  }
}
