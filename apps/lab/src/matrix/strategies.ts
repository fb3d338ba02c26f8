import type { ServiceName } from '../parts/bank.js';

/** How a cell's services send and hear their events: one column of the matrix. */
export interface Strategy {
  readonly name: string;
  /** As the head of a column. */
  readonly title: string;
  /** What a service is told by EVENT_DELIVERY. */
  readonly delivery:
    'direct' | 'direct-unawaited' | 'direct-before-commit' | 'direct-retry-in-memory' | 'outbox';
  readonly broker: 'streaming' | 'jetstream';
  /** The safeguards that are taken out of each service, by their mutants' names; none where it is not said. */
  readonly mutants?: Readonly<Partial<Record<ServiceName, readonly string[]>>>;
  /** Settings of both services that differ from the other strategies'. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The columns, from the naive to the safe. */
export const STRATEGIES = [
  { name: 'direct', title: 'direct', delivery: 'direct', broker: 'streaming' },
  {
    name: 'direct-unawaited',
    title: 'direct, unawaited',
    delivery: 'direct-unawaited',
    broker: 'streaming',
  },
  {
    name: 'direct-before-commit',
    title: 'direct, before commit',
    delivery: 'direct-before-commit',
    broker: 'streaming',
  },
  {
    name: 'direct-retry-in-memory',
    title: 'direct, retried in memory',
    delivery: 'direct-retry-in-memory',
    broker: 'streaming',
  },
  {
    name: 'outbox-without-inbox',
    title: 'outbox, no inbox',
    delivery: 'outbox',
    broker: 'streaming',
    mutants: {
      transactions: ['no-inbox'],
      accounts: ['no-inbox', 'ledger-without-unique-transfer'],
    },
  },
  {
    name: 'outbox-trusting',
    title: 'outbox, trusts the client',
    delivery: 'outbox',
    broker: 'streaming',
    mutants: { transactions: ['trust-the-callback'], accounts: ['trust-the-callback'] },
    // A silent peer is found out before a publish is given up: only then is there a success to be trusted.
    environment: { NATS_ACK_TIMEOUT_MS: '1900' },
  },
  { name: 'outbox', title: 'outbox and inbox', delivery: 'outbox', broker: 'streaming' },
  {
    name: 'outbox-jetstream',
    title: 'the same on JetStream',
    delivery: 'outbox',
    broker: 'jetstream',
  },
] as const satisfies readonly Strategy[];

export type StrategyName = (typeof STRATEGIES)[number]['name'];

/** A column with its name, for which every row has a prediction. */
export type MatrixStrategy = Strategy & { readonly name: StrategyName };
