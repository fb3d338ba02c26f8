import { setTimeout as delay } from 'node:timers/promises';
import { answerToCommitOf, commitOf, deliveryOf, publishAckOf, publishOf } from '../../cable/patterns.js';
import type { Pattern } from '../../cable/message.js';
import type { Point } from '../point.js';
import type { CableName } from '../cell-stage.js';
import { faultAt, POST_TRANSFER, RECORD_TRANSFER, REQUESTED } from './places.js';

const PAUSE_MS = 3_000;

/** The servers: the broker, and PostgreSQL. */
export const SERVER_POINTS: readonly Point[] = [
  brokerKilled('broker-killed-before-store', {
    title: 'broker killed before the publish has arrived, restarted',
    at: publishOf(REQUESTED),
  }),
  brokerKilled('broker-killed-after-store', {
    title:
      'broker killed when it has stored the message, before its acknowledgement; restarted with its store',
    at: publishAckOf(REQUESTED),
  }),
  {
    name: 'broker-store-lost',
    kind: 'server',
    title: 'broker killed when it has acknowledged the message, before it is delivered; its store is lost',
    doubt: 'answers-lost',
    prepare: (stage) => {
      const acknowledgement = stage.strike('transactionsBroker', {
        at: publishAckOf(REQUESTED),
        action: 'pass',
      });
      const action = dropAfter(async () => {
        await acknowledgement.fired; // a broker may deliver before it acknowledges
        await stage.broker.kill();
      });
      return Promise.resolve(faultAt(stage, 'accountsBroker', { at: deliveryOf(REQUESTED), action }));
    },
    during: async ({ broker, wiretap }) => {
      await broker.restart({ keepStore: false });
      wiretap.forget();
    },
  },
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

function brokerKilled(name: string, { title, at }: KilledAt): Point {
  return {
    name,
    kind: 'server',
    title,
    prepare: (stage) => {
      // What the consumer has of it before the broker dies is left to chance otherwise.
      stage.strike('accountsBroker', { at: deliveryOf(REQUESTED), action: 'drop' });
      const action = dropAfter(() => stage.broker.kill());
      return Promise.resolve(faultAt(stage, 'transactionsBroker', { at, action }));
    },
    during: ({ broker }) => broker.restart({ keepStore: true }),
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
