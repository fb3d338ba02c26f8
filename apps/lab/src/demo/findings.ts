import type { Audit } from '../audit/audit.js';
import type { Traffic } from '../audit/read-books.js';
import type { DeliveryStrategy } from '../parts/bank.js';
import type { Exit } from '../parts/node-process.js';

/** All that is known of one strategy's run when it is over. */
export interface Findings {
  readonly strategy: DeliveryStrategy;
  readonly audit: Audit;
  readonly traffic: Traffic;
  /** When the cable was cut and mended, by the clock that stamps the transfers. */
  readonly cut: { readonly from: Date; readonly until: Date };
  /** The transfers whose requests were sent and not answered when the cable was cut. */
  readonly inFlight: ReadonlySet<string>;
  /** The transfers that a fresh subscriber found on the broker's channel, reading from its first message. */
  readonly witnessed: ReadonlySet<string>;
  /** Rows of the outbox that were not sent when the cable was mended. */
  readonly waitingAtMend: number;
  /** How the processes of `transactions` ended while the cable was cut. */
  readonly exits: readonly Exit[];
  /** From the mend until everything recorded by then was settled; null when that never comes. */
  readonly recoveryMs: number | null;
}
