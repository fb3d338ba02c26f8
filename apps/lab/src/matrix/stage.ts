import { randomUUID } from 'node:crypto';
import { bankEvents } from '@app/contracts';
import { Logger } from '@nestjs/common';
import { z } from 'zod';
import { readBooks, type BankUrls } from '../audit/read-books.js';
import type { Books } from '../audit/books.js';
import { Cable, layCable } from '../cable/cable.js';
import type { Strike, StrikeOptions } from '../cable/strike.js';
import { openAccount } from '../demo/bank-client.js';
import { Bank, through, type ServiceName } from '../parts/bank.js';
import { openProvider } from '../parts/provider.js';
import type { Broker } from '../parts/broker.js';
import { Closers } from '../parts/closers.js';
import { until } from '../parts/deadline.js';
import { freePort } from '../parts/free-port.js';
import { startNatsServer } from '../parts/nats-server.part.js';
import { startPostgres, type PostgresPart } from '../parts/postgres/postgres.part.js';
import { startStreamingServer } from '../parts/streaming-server.part.js';
import { IMPATIENT, type CableName, type CellStage } from './cell-stage.js';
import { Client, postTo, type CellAccounts, type Post } from './client.js';
import type { Strategy } from './strategies.js';
import { Wiretap } from './wiretap.js';

/** The cables of a stage: every path that a byte can take between two processes has one. */
export type Cables = Readonly<Record<CableName, Cable>>;

const OPENING_BALANCE_MINOR = 1_000_00n;
const PROOF_MS_MAX = 60_000;
/** After it a transfer that has not come through counts as lost, and another one is tried. */
const PROBE_SECONDS_MAX = 1;

const balance = z.object({ balanceMinor: z.string() });
const transfer = z.object({ status: z.string() });

/** Where the cells of a strategy are played, one after the other: servers, cables and both services. */
export class MatrixStage implements CellStage {
  readonly wiretap: Wiretap;
  private readonly strikes: Strike[] = [];
  private endsBefore = { transactions: 0, accounts: 0 };

  private constructor(
    readonly strategy: Strategy,
    readonly postgres: PostgresPart,
    readonly broker: Broker,
    readonly cables: Cables,
    readonly bank: Bank,
    /** Past the cables. */
    private readonly databases: BankUrls,
    private readonly closers: Closers,
  ) {
    this.wiretap = new Wiretap([cables.transactionsBroker, cables.accountsBroker]);
  }

  /**
   * Starts everything that a strategy needs.
   * @param open takes what must be closed when the user breaks it off
   */
  static async open(strategy: Strategy, open: Closers): Promise<MatrixStage> {
    const closers = new Closers();
    open.add(() => closers.close());
    try {
      const postgres = await startPostgres(() => undefined);
      closers.add(() => postgres.stop());
      const isStreaming = strategy.broker === 'streaming';
      const broker = await (isStreaming ? startStreamingServer({ store: 'file' }) : startNatsServer());
      closers.add(() => broker.stop());
      const databases = {
        transactions: await postgres.createDatabase('transactions'),
        accounts: await postgres.createDatabase('accounts'),
      };
      const ports = { transactions: await freePort(), accounts: await freePort() };
      const cables = await layCables({ broker, databases, transactionsPort: ports.transactions }, closers);
      const bank = bankOn({ strategy, broker, databases, cables, ports });
      closers.add(() => bank.stop());
      await bank.start();
      return new MatrixStage(strategy, postgres, broker, cables, bank, databases, closers);
    } catch (error) {
      await closers.close();
      throw error;
    }
  }

  get post(): Post {
    return (order) => postTo(`http://127.0.0.1:${this.cables.client.port}`, order);
  }

  async openAccounts(): Promise<CellAccounts> {
    return {
      debitAccountId: await this.openAccount('Debtor', OPENING_BALANCE_MINOR),
      creditAccountId: await this.openAccount('Creditor', 0n),
    };
  }

  readBooks(): Promise<Books> {
    return readBooks(this.databases, () => Promise.resolve(this.wiretap.channels));
  }

  async balanceOf(accountId: string): Promise<bigint> {
    const response = await fetch(`${this.bank.accounts.url}/v1/accounts/${accountId}`);
    return BigInt(balance.parse(await response.json()).balanceMinor);
  }

  strike(cable: CableName, options: StrikeOptions): Strike {
    const strike = this.cables[cable].strike(options);
    this.strikes.push(strike);
    return strike;
  }

  async publish(channel: string, text: string): Promise<void> {
    Logger.overrideLogger(['error']); // a provider says how it connects, and that is nobody's matter here
    const provider = await openProvider(this.broker, bankEvents);
    try {
      await provider.bus.publish(channel, text);
    } finally {
      await provider.close();
    }
  }

  begin(): void {
    this.wiretap.forget();
    for (const strike of this.strikes.splice(0)) strike.cancel();
    for (const service of [this.bank.transactions, this.bank.accounts]) service.forgive();
    this.endsBefore = {
      transactions: this.bank.transactions.exits.length,
      accounts: this.bank.accounts.exits.length,
    };
  }

  hasEnded(service: ServiceName): boolean {
    return this.bank[service].exits.length > this.endsBefore[service];
  }

  async mend(): Promise<void> {
    for (const cable of Object.values<Cable>(this.cables)) await cable.set('mended');
    for (const service of [this.bank.transactions, this.bank.accounts]) {
      await until(`${service.name} to be up`, PROOF_MS_MAX, () =>
        service.url === undefined ? undefined : true,
      );
    }
  }

  async prove(): Promise<void> {
    const accounts = await this.openAccounts();
    await until('a transfer to come through', PROOF_MS_MAX, () => this.probe(accounts));
  }

  /** Stops everything. Safe to call twice. */
  async close(): Promise<void> {
    await this.closers.close();
  }

  /** A service that has just been mended may still have to end. */
  private openAccount(owner: string, balanceMinor: bigint): Promise<string> {
    return until('an account to be opened', PROOF_MS_MAX, () => {
      const { url = '' } = this.bank.accounts;
      return openAccount(url, owner, balanceMinor).catch(() => undefined);
    });
  }

  private async probe(accounts: CellAccounts): Promise<true | undefined> {
    try {
      const { url = '' } = this.bank.transactions;
      const client = new Client((order) => postTo(url, order));
      const { transferId } = await client.send({ key: randomUUID(), ...accounts, amountMinor: 1n });
      const response = await fetch(`${url}/v1/transfers/${transferId}`, {
        headers: { prefer: `wait=${PROBE_SECONDS_MAX}` },
      });
      return transfer.parse(await response.json()).status === 'posted' ? true : undefined;
    } catch {
      return undefined; // nobody listens, or the connection broke
    }
  }
}

interface Ends {
  readonly broker: Broker;
  readonly databases: BankUrls;
  readonly transactionsPort: number;
}

async function layCables({ broker, databases, transactionsPort }: Ends, closers: Closers): Promise<Cables> {
  const kept = async (laying: Promise<Cable>) => {
    const cable = await laying;
    closers.add(() => cable.close());
    return cable;
  };
  const nats = { protocol: 'nats' } as const;
  const postgres = { protocol: 'postgres' } as const;
  return {
    transactionsBroker: await kept(layCable(broker, nats)),
    accountsBroker: await kept(layCable(broker, nats)),
    transactionsDatabase: await kept(layCable({ url: databases.transactions }, postgres)),
    accountsDatabase: await kept(layCable({ url: databases.accounts }, postgres)),
    client: await kept(Cable.to({ host: '127.0.0.1', port: transactionsPort })),
  };
}

interface Ground extends Omit<Ends, 'transactionsPort'> {
  readonly strategy: Strategy;
  readonly cables: Cables;
  readonly ports: Readonly<Record<ServiceName, number>>;
}

/** Both services, each of their connections through its cable, and with the agent that kills them. */
function bankOn({ strategy, broker, databases, cables, ports }: Ground): Bank {
  const { transactions = [], accounts = [] } = strategy.mutants ?? {};
  return new Bank({
    ground: {
      runName: 'matrix',
      databases: {
        transactions: through(databases.transactions, cables.transactionsDatabase.port),
        accounts: through(databases.accounts, cables.accountsDatabase.port),
      },
      broker: { clusterId: broker.clusterId, url: through(broker.url, cables.accountsBroker.port) },
      channelPrefix: '',
      close: () => Promise.resolve(),
    },
    transactionsNatsUrl: through(broker.url, cables.transactionsBroker.port),
    delivery: strategy.delivery,
    ports,
    agents: { transactions: { mutants: transactions }, accounts: { mutants: accounts } },
    environment: { ...IMPATIENT, ...broker.environment, ...strategy.environment },
  });
}
