import { isConsistent } from '../audit/audit.js';
import type { DeliveryStrategy } from '../parts/bank.js';
import type { Findings } from './findings.js';

/** EX_TEMPFAIL of sysexits.h: the services' exit code for a lost NATS connection. */
const CONNECTION_LOST_CODE = 75;

/** A statement about a run that holds when it came out as predicted. */
interface Prediction {
  readonly text: string;
  readonly holds: (findings: Findings) => boolean;
}

const ALWAYS: readonly Prediction[] = [
  {
    text: `the service found its connection lost, exited with code ${CONNECTION_LOST_CODE} and was restarted`,
    holds: ({ exits }) => exits.length >= 1 && exits.every(({ code }) => code === CONNECTION_LOST_CODE),
  },
  { text: 'money moved: at least one transfer was posted', holds: ({ audit }) => audit.posted >= 1 },
  { text: 'at least one transfer was rejected', holds: ({ audit }) => audit.rejected >= 1 },
  { text: 'nothing was posted twice', holds: ({ audit }) => audit.duplicated.length === 0 },
  { text: 'nothing was posted that was never recorded', holds: ({ audit }) => audit.phantom.length === 0 },
  { text: 'nothing is stuck', holds: ({ audit }) => audit.stuck.length === 0 },
  { text: 'the ledger balances', holds: ({ audit }) => audit.imbalances.length === 0 },
  {
    text: 'every transfer that the broker holds was recorded',
    holds: ({ audit, witnessed }) => witnessed.size === audit.recorded - audit.lost.length,
  },
];

const PREDICTIONS: Readonly<Record<DeliveryStrategy, readonly Prediction[]>> = {
  direct: [
    ...ALWAYS,
    { text: 'at least one transfer was lost', holds: ({ audit }) => audit.lost.length >= 1 },
    {
      text: 'each lost transfer was committed during the cut or in flight at its start',
      holds: lostInTheCut,
    },
    { text: 'the broker never held a lost transfer', holds: lostWereNeverSeen },
  ],
  outbox: [
    ...ALWAYS,
    { text: 'the two databases are consistent', holds: ({ audit }) => isConsistent(audit) },
    {
      text: 'events waited in the outbox when the cable was mended',
      holds: ({ waitingAtMend }) => waitingAtMend >= 1,
    },
    { text: 'no event waits any more', holds: ({ traffic }) => traffic.waiting === 0 },
  ],
};

/** The predictions that did not come true, one sentence each; empty when the run is as predicted. */
export function brokenPredictions(findings: Findings): readonly string[] {
  return PREDICTIONS[findings.strategy]
    .filter((prediction) => !prediction.holds(findings))
    .map(({ text }) => `${findings.strategy}: not as predicted that ${text}`);
}

function lostInTheCut({ audit, cut, inFlight }: Findings): boolean {
  return audit.lost.every(
    ({ id, requestedAt }) => inFlight.has(id) || (requestedAt >= cut.from && requestedAt <= cut.until),
  );
}

/** Together with the count of the witnessed: the lost are exactly the committed that the witness never saw. */
function lostWereNeverSeen({ audit, witnessed }: Findings): boolean {
  return audit.lost.every(({ id }) => !witnessed.has(id));
}
