import { setTimeout as delay } from 'node:timers/promises';
import { answerToCommitOf, commitOf, deliveryOf, publishAckOf, publishOf } from '../../cable/patterns.js';
import type { Pattern } from '../../cable/message.js';
import type { Point } from '../point.js';
import type { CableName } from '../cell-stage.js';
import { faultAt, POST_TRANSFER, RECORD_TRANSFER, REQUESTED } from './places.js';

const PAUSE_MS = 3_000;

/** The servers: the broker, and PostgreSQL. */
export const SERVER_POINTS: readonly Point[] = [
  brokerKilled('broker-killed-before-store', 'transactionsBroker', {
    title: 'broker killed before the publish has arrived, restarted',
    at: publishOf(REQUESTED),
    keepStore: true,
  }),
  brokerKilled('broker-killed-after-store', 'transactionsBroker', {
    title:
      'broker killed when it has stored the message, before its acknowledgement; restarted with its store',
    at: publishAckOf(REQUESTED),
    keepStore: true,
  }),
  brokerKilled('broker-store-lost', 'accountsBroker', {
    title: 'broker killed when it has acknowledged the message, before it is delivered; its store is lost',
    at: deliveryOf(REQUESTED),
    keepStore: false,
  }),
  {
    name: 'broker-paused',
    kind: 'server',
    title: 'broker asleep at the publish, for longer than it is waited for',
    prepare: (stage) => {
      const action = () => {
        stage.broker.pause();
        return 'pass' as const;
      };
      return Promise.resolve(faultAt(stage, 'transactionsBroker', { at: publishOf(REQUESTED), action }));
    },
    during: async ({ broker }) => {
      await delay(PAUSE_MS);
      broker.resume();
    },
  },
  {
    name: 'poison',
    kind: 'server',
    title: 'a message before it on the channel that nobody can handle',
    prepare: async (stage) => {
      const letters = async () => (await stage.readBooks()).deadLetters.accounts.length;
      const before = await letters();
      await stage.publish(REQUESTED, 'no event at all');
      return { hasStruck: async () => (await letters()) > before };
    },
  },
  databaseKilled('postgres-killed-before-commit', 'transactionsDatabase', {
    title: 'PostgreSQL killed before the transfer’s COMMIT has arrived',
    at: commitOf(RECORD_TRANSFER),
  }),
  databaseKilled('postgres-killed-after-commit', 'transactionsDatabase', {
    title: 'PostgreSQL killed after the transfer’s COMMIT, before its answer',
    at: answerToCommitOf(RECORD_TRANSFER),
  }),
  databaseKilled('postgres-killed-after-posting', 'accountsDatabase', {
    title: 'PostgreSQL killed after the posting’s COMMIT, before its answer',
    at: answerToCommitOf(POST_TRANSFER),
  }),
];

interface KilledAt {
  readonly title: string;
  readonly at: Pattern;
}

function brokerKilled(
  name: string,
  cable: CableName,
  { title, at, keepStore }: KilledAt & { readonly keepStore: boolean },
): Point {
  return {
    name,
    kind: 'server',
    title,
    ...(cable === 'accountsBroker' && { doubt: 'answers-lost' }),
    prepare: (stage) => {
      // What the consumer has of it before the broker dies is left to chance otherwise.
      stage.strike('accountsBroker', { at: deliveryOf(REQUESTED), action: 'drop' });
      return Promise.resolve(faultAt(stage, cable, { at, action: dropAfter(() => stage.broker.kill()) }));
    },
    during: async ({ broker, wiretap }) => {
      await broker.restart({ keepStore });
      if (!keepStore) wiretap.forget();
    },
  };
}

function databaseKilled(name: string, cable: CableName, { title, at }: KilledAt): Point {
  return {
    name,
    kind: 'server',
    title,
    prepare: (stage) =>
      Promise.resolve(faultAt(stage, cable, { at, action: dropAfter(() => stage.postgres.crash()) })),
  };
}

/** The server dies before the message is passed on, and nobody is left to pass it to. */
function dropAfter(death: () => Promise<void>): () => Promise<'drop'> {
  return async () => {
    await death();
    return 'drop';
  };
}
