/** The peer: `pg-transactional-outbox` publishing what it finds in its own table, over the same unmodified client. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  createReplicationSegmentMutexConcurrencyController,
  getDisabledLogger,
  initializePollingMessageListener,
  initializeReplicationMessageListener,
} from 'pg-transactional-outbox';
import { config, serve } from '../children.mjs';
import { CHANNEL } from '../events.mjs';
import { PEER } from '../peer-tables.mjs';
import { connectRaw, publishRaw } from '../raw-client.mjs';

/** What its README shows for an outbox, and next to it what lets it work on many messages at once. */
const TUNED = { batch: 50, connections: 50 };

const { url, broker, listener, tuned } = config();
const client = await connectRaw(broker);
let failures = 0;
const fail = () => failures++;
const logger = { ...getDisabledLogger(), warn: fail, error: fail };

// It is ended without a word: asked to stop in the midst of a backlog, it goes on and complains of each message.
serve({ rate });

/** Starts it on what waits, and returns its messages a second once it is warm, and what it complained of. */
async function rate({ warmUpMs, measureMs }) {
  let acknowledged = 0;
  const handle = async ({ payload }) => {
    await publishRaw(client, CHANNEL, JSON.stringify(payload));
    acknowledged++;
  };
  (listener === 'polling' ? startPolling : startReplication)({ handle });
  await delay(warmUpMs);
  const before = acknowledged;
  const startedMs = performance.now();
  await delay(measureMs);
  const ms = performance.now() - startedMs;
  return { perSecond: ((acknowledged - before) * 1_000) / ms, failures };
}

function common() {
  return {
    outboxOrInbox: 'outbox',
    dbListenerConfig: { connectionString: url, ...(tuned ? { max: TUNED.connections } : {}) },
    settings: {
      dbSchema: PEER.schema,
      dbTable: PEER.table,
      enableMaxAttemptsProtection: false,
      enablePoisonousMessageProtection: false,
    },
  };
}

function startPolling(handler) {
  const { settings, ...rest } = common();
  const polling = {
    nextMessagesFunctionName: PEER.nextMessagesName,
    ...(tuned ? { nextMessagesBatchSize: TUNED.batch, nextMessagesPollingIntervalInMs: 5 } : {}),
  };
  return initializePollingMessageListener(
    { ...rest, settings: { ...settings, ...polling } },
    handler,
    logger,
  );
}

function startReplication(handler) {
  const { settings, ...rest } = common();
  const replication = { dbPublication: PEER.publication, dbReplicationSlot: PEER.replicationSlot };
  const strategies = tuned
    ? { concurrencyStrategy: createReplicationSegmentMutexConcurrencyController() }
    : undefined;
  return initializeReplicationMessageListener(
    { ...rest, settings: { ...settings, ...replication } },
    handler,
    logger,
    strategies,
  );
}
