import { randomUUID } from 'node:crypto';
import { Cable, layCable } from '../../cable/cable.js';
import { IMPATIENT } from '../../matrix/cell-stage.js';
import { Client, postTo, type Answer, type CellAccounts } from '../../matrix/client.js';
import { settle } from '../../matrix/settle.js';
import { MatrixStage } from '../../matrix/stage.js';
import type { Strategy } from '../../matrix/strategies.js';
import { Bank, through, type Service } from '../../parts/bank.js';
import { Closers } from '../../parts/closers.js';
import { findingsIn, type Finding } from './finding.js';

/** How one more instance of `transactions` differs from the first. */
export interface InstanceOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Between it and the broker; default: that of the first instance. */
  readonly brokerCable?: Cable;
}

const AMOUNT_MINOR = 10_00n;

/** What is done on a scene; resolves with what is wrong at the end: nothing when all is well. */
export type Play = (scene: Scene) => Promise<readonly Finding[]>;

/** A stage of the matrix's, and whatever a check needs beside it. */
export class Scene {
  private readonly instances: Service[] = [];
  readonly databases: { readonly transactions: string; readonly accounts: string };

  private constructor(
    readonly stage: MatrixStage,
    private readonly closers: Closers,
  ) {
    const urlOf = (name: string) => Object.assign(new URL(stage.postgres.adminUrl), { pathname: name }).href;
    this.databases = { transactions: urlOf('transactions'), accounts: urlOf('accounts') };
  }

  /**
   * Starts everything that a strategy needs.
   * @param open takes what must be closed when the user breaks it off
   */
  static async open(strategy: Strategy, open: Closers): Promise<Scene> {
    const closers = new Closers();
    open.add(() => closers.close());
    const stage = await MatrixStage.open(strategy, open);
    closers.add(() => stage.close());
    return new Scene(stage, closers);
  }

  /** Lays one more cable to the broker. */
  async layCable(): Promise<Cable> {
    const cable = await layCable(this.stage.broker, { protocol: 'nats' });
    this.closers.add(() => cable.close());
    return cable;
  }

  /** Plays, and stops the instances that were started for it. */
  async play(play: Play): Promise<readonly Finding[]> {
    const before = this.instances.length;
    // What is lost or left over was found by the check before.
    this.stage.begin();
    try {
      return await play(this);
    } finally {
      await Promise.all(this.instances.slice(before).map((instance) => instance.stop()));
    }
  }

  /** Of some marks of mutants (see `markOf`), those whose text never ran in any process. */
  silentMarks(marks: readonly string[]): string[] {
    const { transactions, accounts } = this.stage.bank;
    const ran = [transactions, accounts, ...this.instances].map(({ steps }) => steps.mutantsRun);
    return marks.filter((mark) => !ran.some((some) => some.has(mark)));
  }

  /** Starts one more instance of `transactions`, without the same safeguards as the first. */
  async startInstance({ environment, brokerCable }: InstanceOptions = {}): Promise<Service> {
    const { broker, strategy, cables } = this.stage;
    const { port } = brokerCable ?? cables.transactionsBroker;
    const { transactions } = new Bank({
      ground: {
        runName: 'matrix',
        databases: this.databases,
        broker: { url: through(broker.url, port), clusterId: broker.clusterId },
        channelPrefix: '',
        close: () => Promise.resolve(),
      },
      delivery: strategy.delivery,
      instance: `extra-${this.instances.length + 1}`,
      agents: { transactions: { mutants: strategy.mutants?.transactions ?? [] } },
      environment: { ...IMPATIENT, ...broker.environment, ...environment },
    });
    this.instances.push(transactions);
    transactions.start();
    await transactions.waitUntilListening();
    return transactions;
  }

  /** Orders a transfer once, at one of the instances. */
  order(at: Service, accounts: CellAccounts): Promise<Answer> {
    const client = new Client((order) => postTo(at.url ?? '', order));
    return client.send({ key: randomUUID(), ...accounts, amountMinor: AMOUNT_MINOR });
  }

  /** Waits until nothing moves between two accounts any more, and says what is wrong then. */
  async findings(accounts: CellAccounts): Promise<Finding[]> {
    const audit = await settle(this.stage, accounts, new Client(this.stage.post));
    return findingsIn(await this.stage.readBooks(), audit);
  }

  async close(): Promise<void> {
    await this.closers.close();
  }
}

/** The same two accounts, the other way round. */
export function reversed({ debitAccountId, creditAccountId }: CellAccounts): CellAccounts {
  return { debitAccountId: creditAccountId, creditAccountId: debitAccountId };
}
