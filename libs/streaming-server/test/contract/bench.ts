import type { Client, connect } from '../support/client.js';

/** A running server, whoever made it. */
export interface Target {
  readonly url: string;
  readonly clusterId: string;
  stop(): Promise<void>;
}

/** What each part of the contract works with. Clients that it makes are closed after the test. */
export interface Bench {
  readonly server: () => Target;
  readonly client: (clientId?: string, options?: Parameters<typeof connect>[2]) => Promise<Client>;
  readonly channel: () => string;
}
