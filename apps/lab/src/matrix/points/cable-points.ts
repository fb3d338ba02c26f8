import { setTimeout as delay } from 'node:timers/promises';
import type { CableMode } from '../../cable/cable.js';
import type { Pattern } from '../../cable/message.js';
import {
  answerToCommitOf,
  answerToStatementLike,
  commitOf,
  deliveryAckOf,
  deliveryOf,
  publishAckOf,
  publishOf,
  statementLike,
} from '../../cable/patterns.js';
import type { Outcome } from '../../cable/strike.js';
import type { ServiceName } from '../../parts/bank.js';
import { until } from '../../parts/deadline.js';
import { withoutRelay, type Point } from '../point.js';
import type { CableName, CellStage } from '../cell-stage.js';
import { faultAt, POST_TRANSFER, RECORD_TRANSFER, REQUESTED } from './places.js';

/** The statement that settles a relay's messages. */
const SETTLE_LANES = /with lease as/i;
const NOTICED_MS_MAX = 20_000;
/** More than a publish is waited for; in both directions less than a silent peer is. */
const SLOW_MS = 700;
const SLOW_FOR_MS = 2_500;
/** More than a statement takes, and less than a client waits. */
const DATABASE_FROZEN_MS = 2_000;
const FLAPPING_FOR_MS = 3_000;

/** The cables: client–service, service–database, service–broker, those of `transactions` before those of `accounts`. */
export const CABLE_POINTS: readonly Point[] = [
  {
    name: 'request-cut',
    kind: 'cable',
    title: 'client: cut off before its request has arrived',
    prepare: async ({ cables: { client } }) => {
      const carried = client.carried;
      await client.set('accept-and-close');
      return { hasStruck: () => client.carried > carried };
    },
  },
  {
    name: 'answer-lost',
    kind: 'cable',
    title: 'client: the answer is lost, and the client asks again with its key',
    prepare: async ({ cables: { client } }) => {
      await client.set('lose-answers');
      return { hasStruck: () => client.hasLost };
    },
  },
  atMessage('insert-cut', 'transactionsDatabase', {
    title: 'database: cut off at the transfer’s insert',
    at: statementLike(RECORD_TRANSFER),
    action: 'cut-before',
  }),
  {
    ...atMessage('database-frozen', 'transactionsDatabase', {
      title: `database: frozen at the transfer’s insert for ${DATABASE_FROZEN_MS / 1_000} s`,
      at: statementLike(RECORD_TRANSFER),
      action: 'freeze',
    }),
    during: () => delay(DATABASE_FROZEN_MS),
  },
  atMessage('commit-cut', 'transactionsDatabase', {
    title: 'database: cut off before COMMIT has arrived',
    at: commitOf(RECORD_TRANSFER),
    action: 'cut-before',
  }),
  atMessage('commit-answer-lost', 'transactionsDatabase', {
    title: 'database: COMMIT is carried out, its answer is lost',
    at: answerToCommitOf(RECORD_TRANSFER),
    action: 'cut-before',
  }),
  {
    ...atMessage('settlement-answer-lost', 'transactionsDatabase', {
      title: 'database: the relay’s settlement is carried out, its answer is lost',
      at: answerToStatementLike(SETTLE_LANES),
      action: 'cut-before',
    }),
    unreachable: withoutRelay,
  },
  {
    ...inMode('broker-refused', 'refuse', 'broker: refused', noticed('transactions')),
    doubt: 'first-request-cut',
  },
  inMode('broker-half-open', 'half-open', 'broker: half open, its end is gone', dialledAgain),
  {
    name: 'broker-flapping',
    kind: 'cable',
    title: 'broker: refused at the publish, and back, again and again',
    prepare: (stage) => {
      const action = async () => {
        await stage.cables.transactionsBroker.set('flapping');
        return 'drop' as const;
      };
      return Promise.resolve(faultAt(stage, 'transactionsBroker', { at: publishOf(REQUESTED), action }));
    },
    during: () => delay(FLAPPING_FOR_MS),
  },
  inMode('broker-slow', 'slow', 'broker: slower than a publish is waited for', () => delay(SLOW_FOR_MS)),
  atMessage('publish-cut', 'transactionsBroker', {
    title: 'broker: reset before the publish has arrived',
    at: publishOf(REQUESTED),
    action: 'cut-before',
  }),
  {
    ...atMessage('publish-frozen', 'transactionsBroker', {
      title: 'broker: frozen both ways at the publish',
      at: publishOf(REQUESTED),
      action: 'freeze',
    }),
    during: noticed('transactions'),
  },
  inMode(
    'requests-lost',
    'lose-requests',
    'broker: only what is sent to it is lost',
    noticed('transactions'),
  ),
  atMessage('acknowledgement-cut', 'transactionsBroker', {
    title: 'broker: reset before the acknowledgement has arrived',
    at: publishAckOf(REQUESTED),
    action: 'cut-before',
  }),
  atMessage('acknowledgement-lost', 'transactionsBroker', {
    title: 'broker: only the acknowledgement is lost',
    at: publishAckOf(REQUESTED),
    action: 'drop',
  }),
  atMessage('delivery-cut', 'accountsBroker', {
    title: 'consumer: reset before the message has arrived',
    at: deliveryOf(REQUESTED),
    action: 'cut-before',
  }),
  atMessage('delivery-twice', 'accountsBroker', {
    title: 'consumer: the message arrives twice',
    at: deliveryOf(REQUESTED),
    action: 'twice',
  }),
  {
    ...atMessage('delivery-overtaken', 'accountsBroker', {
      title: 'consumer: the message is lost on its way, and another one overtakes it',
      at: deliveryOf(REQUESTED),
      action: 'drop',
    }),
    during: (_, { postAnother }) => postAnother(),
  },
  atMessage('posting-cut', 'accountsDatabase', {
    title: 'consumer: cut off from its database before COMMIT has arrived',
    at: commitOf(POST_TRANSFER),
    action: 'cut-before',
  }),
  atMessage('posting-answer-lost', 'accountsDatabase', {
    title: 'consumer: COMMIT is carried out, its answer is lost',
    at: answerToCommitOf(POST_TRANSFER),
    action: 'cut-before',
  }),
  {
    ...atMessage('delivery-acknowledgement-lost', 'accountsBroker', {
      title: 'consumer: only its acknowledgement is lost',
      at: deliveryAckOf(REQUESTED),
      action: 'drop',
    }),
    during: deliveredAgain,
  },
];

interface AtMessage {
  readonly title: string;
  readonly at: Pattern;
  readonly action: Outcome;
}

/** The cable acts when the first such message is on it. */
function atMessage(name: string, cable: CableName, { title, at, action }: AtMessage): Point {
  return {
    name,
    kind: 'cable',
    title,
    prepare: (stage) => Promise.resolve(faultAt(stage, cable, { at, action })),
  };
}

/** The cable between `transactions` and the broker is like this from before the transfer until it is recorded. */
function inMode(name: string, mode: CableMode, title: string, during: NonNullable<Point['during']>): Point {
  return {
    name,
    kind: 'cable',
    title,
    prepare: async (stage) => {
      await stage.cables.transactionsBroker.set(mode, { delayMs: SLOW_MS });
      return faultAt(stage, 'transactionsDatabase', { at: statementLike(RECORD_TRANSFER), action: 'pass' });
    },
    during,
  };
}

/** Until the broker has waited long enough. */
async function deliveredAgain(stage: CellStage): Promise<void> {
  const again = stage.strike('accountsBroker', { at: deliveryOf(REQUESTED), action: 'pass' });
  await until('the message to be delivered again', NOTICED_MS_MAX, () => again.hasFired || undefined);
}

/** Until the service has found out, and dialled again. */
async function dialledAgain({ cables: { transactionsBroker } }: CellStage): Promise<void> {
  const { carried } = transactionsBroker;
  await until('transactions to dial again', NOTICED_MS_MAX, () =>
    transactionsBroker.carried > carried ? true : undefined,
  );
}

/** Until the service has found its connection lost, and has ended itself. */
function noticed(service: ServiceName): NonNullable<Point['during']> {
  return async (stage) => {
    await until(`${service} to notice its lost connection`, NOTICED_MS_MAX, () =>
      stage.hasEnded(service) ? true : undefined,
    );
  };
}
