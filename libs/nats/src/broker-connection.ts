import type { NatsConnection } from './nats-connection.js';

/**
 * What every driver's connection offers to the process around it. It is injected under the token
 * `NatsConnection`, whichever driver runs: only a driver's own parts know which client is behind it.
 */
export type BrokerConnection = Pick<
  NatsConnection,
  | 'options'
  | 'state'
  | 'lostSince'
  | 'exitIsArranged'
  | 'arrangeExit'
  | 'roundTripMs'
  | 'connect'
  | 'connectWithRetry'
  | 'connectInBackground'
  | 'declareLost'
  | 'close'
>;
