import type { Exhibit } from './exhibit.js';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node-nats-streaming';
import { discard } from './exhibit-stage.js';
import { eventsOf } from './observe.js';

const CONNECT_TIMEOUT_MS = 500;
/** The client was once watched for 150 s, to the same end. */
const WATCHED_MS = 5_000;

/** Row G. */
export const silentAccept: Exhibit = {
  id: 'G',
  title: 'the first peer accepts and says nothing: no event comes, ever',
  story:
    'connectTimeout covers only the streaming request after the NATS handshake: a peer that accepts and stays ' +
    `silent gets no connect, no error and no close. Watched for ${WATCHED_MS / 1_000} s here.`,

  async rawClient(stage) {
    await stage.setCable('freeze');
    const client = connect(stage.clusterId, 'raw', { url: stage.url, connectTimeout: CONNECT_TIMEOUT_MS });
    const events = eventsOf(client);
    await delay(WATCHED_MS);
    stage.find('nothing at all is emitted', events.length === 0, events.join(', ') || 'no event');
    discard(client);
  },

  async provider(stage) {
    await stage.setCable('freeze');
    const provider = await stage.openProvider({
      startup: 'background',
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    });
    const startedAt = performance.now();
    const error = await provider.connection
      .connect()
      .catch((reason: unknown) => reason as Error & { code: string });
    const afterMs = Math.round(performance.now() - startedAt);
    const typed = error instanceof Error && error.code === 'NATS_SILENT_PEER';
    stage.find(
      'connect() rejects with an error of its own',
      typed,
      error instanceof Error ? error.message : 'resolved',
    );
    stage.find('within its timer', afterMs < CONNECT_TIMEOUT_MS * 2, `after ${afterMs} ms`);
  },
};
