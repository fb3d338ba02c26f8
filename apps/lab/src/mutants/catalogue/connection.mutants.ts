import { HERE, type Mutant } from '../mutant.js';

/** What is believed of the client of the broker. */
export const CONNECTION_MUTANTS: readonly Mutant[] = [
  {
    name: 'trust-the-callback',
    safeguard:
      "a client's success counts only if its connection outlives it; and the client never gives a connection up by itself, which is when it lies",
    edits: [
      {
        file: 'libs/nats/src/nats-streaming.bus.ts',
        within: 'NatsStreamingBus.publishNow',
        language: 'code',
        find: 'if (!this.connection.isUp(client)) reject(connectionEnded(channel, cause)); else if (cause)',
        replace: 'if (cause)',
      },
      {
        file: 'libs/nats/src/streaming-client.ts',
        within: 'clientOptionsOf',
        language: 'code',
        find: 'maxReconnectAttempts: -1,',
        replace: `maxReconnectAttempts: ${HERE} ?? 0,`,
      },
    ],
    breaks:
      'a client whose connection ends for good calls back without an error: what the broker never had is taken for acknowledged (with one of the two lines the other does not matter: each stands behind the other)',
  },
  {
    name: 'publish-without-the-connected-gate',
    safeguard: 'nothing is handed to a client whose connection is interrupted',
    edits: [
      {
        file: 'libs/nats/src/session-keeper.ts',
        within: 'SessionKeeper.session',
        language: 'code',
        find: `if (this.current !== 'connected' || !this.kept) throw`,
        replace: 'if (!this.kept) throw',
      },
    ],
    breaks:
      'what the caller was told is not published waits in the client, and arrives when the connection is back',
  },
];
