import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import { NATS_STEPS } from '@app/nats';
import { OUTBOX_STEPS } from '@app/outbox';
import type { Books } from '../../audit/books.js';
import type { Strike, StrikeOptions } from '../../cable/strike.js';
import { CURRENCY } from '../../demo/script.js';
import { IMPATIENT, LEASE_MS, type CableName, type CellStage } from '../../matrix/cell-stage.js';
import { Client, type CellAccounts, type Post } from '../../matrix/client.js';
import type { Strategy } from '../../matrix/strategies.js';
import { Wiretap } from '../../matrix/wiretap.js';
import { until } from '../../parts/deadline.js';
import type { AccountsApi } from '../bank/accounts.js';
import { Bank, type LoadedBank } from '../bank/bank.js';
import type { TransactionsApi } from '../bank/transactions.js';
import { booksOf, committedRows } from '../schedule/simulated-books.js';
import { currentProcess, runAs, SimulatedProcess } from '../world/simulated-process.js';
import type { World } from '../world/world.js';
import { postOver } from './simulated-call.js';
import { SimulatedCable } from './simulated-cable.js';
import { SimulatedService } from './simulated-service.js';

const OPENING_BALANCE_MINOR = 1_000_00n;
const READY_MS_MAX = 60_000;
/** After it a transfer that has not come through counts as lost, and another one is tried. */
const PROBE_MS_MAX = 1_000;
/** PostgreSQL's own restart after a crash; nothing depends on how long it is. */
const DATABASE_DOWN_MS = 500;
/** The longest that a message is on its way to a cable, or on from there. */
export const LONGEST_WAY_MS = 1.5;
const REQUEST_STEP = 'http.server.request.start';
/** No fault strikes anywhere but where the point lets it. */
const NOTHING_STRIKES = { strike: () => undefined };

/** Where a cell of the matrix is played on virtual time: simulated servers, cables and processes, in one world. */
export class SimulatedStage implements CellStage {
  readonly cables: Readonly<Record<CableName, SimulatedCable>>;
  readonly bank: {
    readonly transactions: SimulatedService<TransactionsApi>;
    readonly accounts: SimulatedService<AccountsApi>;
  };
  readonly wiretap: Wiretap;
  readonly post: Post;
  private readonly postAside: Post;
  private readonly simulated: Bank;
  private readonly stopListening: () => void;
  private read: { readonly commits: number; readonly books: Books } | undefined;

  constructor(
    private readonly world: World,
    loaded: LoadedBank,
    readonly strategy: Strategy,
  ) {
    const settings = {
      instances: { transactions: 1, accounts: 1 },
      delivery: strategy.delivery,
      relay: { leaseMs: LEASE_MS },
      nats: { NATS_ON_CONNECTION_LOST: 'exit', ...IMPATIENT, ...strategy.environment },
    } as const;
    this.simulated = new Bank(world, loaded, settings, { strikes: NOTHING_STRIKES });
    const [transactions] = this.simulated.transactions;
    const [accounts] = this.simulated.accounts;
    if (!transactions || !accounts) throw new Error('a bank has both its services');
    this.bank = {
      transactions: new SimulatedService(transactions),
      accounts: new SimulatedService(accounts),
    };
    this.cables = this.layCables();
    this.wiretap = new Wiretap([this.cables.transactionsBroker, this.cables.accountsBroker]);
    const line = {
      world,
      program: transactions,
      requestCame: (process: SimulatedProcess) => this.reached(REQUEST_STEP, process, {}),
    };
    this.post = postOver({ ...line, cable: this.cables.client });
    this.postAside = postOver({ ...line, cable: new SimulatedCable(world) });
    this.stopListening = this.listen();
    this.simulated.start();
  }

  get broker(): CellStage['broker'] {
    const { broker } = this.simulated;
    const cables = [this.cables.transactionsBroker, this.cables.accountsBroker];
    return {
      kill: async () => {
        // What a killed process has written, its operating system still delivers.
        await delay(LONGEST_WAY_MS);
        broker.crash({ keepsStore: true });
      },
      restart: async ({ keepStore }) => {
        broker.crash({ keepsStore: keepStore });
        broker.restart();
        await Promise.resolve();
      },
      pause: () => cables.forEach((cable) => void cable.set('stall')),
      resume: () => cables.forEach((cable) => void cable.set('mended')),
    };
  }

  get postgres(): CellStage['postgres'] {
    const servers = Object.values(this.simulated.databases);
    return {
      crash: async () => {
        for (const server of servers) server.crash();
        await delay(DATABASE_DOWN_MS);
        for (const server of servers) server.restart();
      },
    };
  }

  /** A stage is for one cell. */
  begin(): void {
    this.wiretap.forget();
  }

  async openAccounts(): Promise<CellAccounts> {
    return {
      debitAccountId: await this.openAccount('Debtor', OPENING_BALANCE_MINOR),
      creditAccountId: await this.openAccount('Creditor', 0n),
    };
  }

  strike(cable: CableName, options: StrikeOptions): Strike {
    return this.cables[cable].strike(options);
  }

  readBooks(): Promise<Books> {
    const { transactions, accounts } = this.simulated.databases;
    const commits = transactions.database.committedCount + accounts.database.committedCount;
    // A cell that comes to rest looks every few ms, and mostly nothing was committed since.
    if (this.read?.commits !== commits) this.read = { commits, books: booksOf(this.simulated) };
    return Promise.resolve({ ...this.read.books, channels: this.wiretap.channels });
  }

  balanceOf(accountId: string): Promise<bigint> {
    const rows = committedRows<{ id: string; balance_minor: bigint }>(
      this.simulated.databases.accounts,
      'account',
    );
    return Promise.resolve(rows.find(({ id }) => id === accountId)?.balance_minor ?? 0n);
  }

  async publish(channel: string, text: string): Promise<void> {
    const { broker } = this.simulated;
    const client = { clientId: 'lab', owner: new SimulatedProcess('lab'), answers: () => true, members: [] };
    await new Promise((resolve) => broker.register(client, resolve));
    await new Promise((resolve) => broker.publish(client, channel, text, resolve));
    broker.close(client);
  }

  hasEnded(service: keyof SimulatedStage['bank']): boolean {
    return this.bank[service].exits.length > 0;
  }

  async mend(): Promise<void> {
    for (const cable of Object.values(this.cables)) await cable.set('mended');
    await this.ready();
  }

  /** Resolves when both services take requests. */
  async ready(): Promise<void> {
    const { transactions, accounts } = this.bank;
    await until(
      'both services to be up',
      READY_MS_MAX,
      () => (transactions.isUp && accounts.isUp) || undefined,
    );
  }

  async prove(): Promise<void> {
    const accounts = await this.openAccounts();
    await until('a transfer to come through', READY_MS_MAX, () => this.probe(accounts));
  }

  /** Ends every process of it. */
  end(): void {
    this.stopListening();
    for (const { process } of this.simulated.programs) process.kill();
  }

  private layCables(): Record<CableName, SimulatedCable> {
    const { world } = this;
    const { broker, databases } = this.simulated;
    const toBroker = (service: keyof SimulatedStage['bank']) => {
      const way = broker.cableOf(this.bank[service].program.name);
      const cable = new SimulatedCable(world, (isOpen) => (isOpen ? way.mend() : way.cut()));
      way.keeper = cable;
      return cable;
    };
    const toDatabase = (service: keyof SimulatedStage['bank']) =>
      (databases[service].keeper = new SimulatedCable(world));
    return {
      transactionsBroker: toBroker('transactions'),
      accountsBroker: toBroker('accounts'),
      transactionsDatabase: toDatabase('transactions'),
      accountsDatabase: toDatabase('accounts'),
      client: new SimulatedCable(world),
    };
  }

  private listen(): () => void {
    const listener = (detail: unknown, step: string | symbol) => {
      const process = currentProcess();
      if (process && !process.dead) this.reached(String(step), process, detail as object);
    };
    const steps = [...OUTBOX_STEPS, ...NATS_STEPS];
    for (const step of steps) subscribe(step, listener);
    return () => steps.forEach((step) => unsubscribe(step, listener));
  }

  private reached(step: string, process: SimulatedProcess, detail: object): void {
    this.world.trace.tell(process.name, process.name, () => step);
    for (const service of Object.values(this.bank)) service.reached(step, process, detail);
  }

  /** A service that has just been mended may still have to end. */
  private openAccount(owner: string, openingBalanceMinor: bigint): Promise<string> {
    const account = { owner, currency: CURRENCY, openingBalanceMinor };
    return until('an account to be opened', READY_MS_MAX, async () => {
      const { process, service } = this.bank.accounts.program;
      const opened = service && runAs(process, () => service.api.open(account)).catch(() => undefined);
      return (await opened)?.id;
    });
  }

  private async probe(accounts: CellAccounts): Promise<true | undefined> {
    const { transferId } = await new Client(this.postAside).send({
      key: randomUUID(),
      ...accounts,
      amountMinor: 1n,
    });
    const status = () => this.statusOf(transferId) === 'posted' || undefined;
    return until('its status', PROBE_MS_MAX, status).catch(() => undefined);
  }

  private statusOf(transferId: string | undefined): string | undefined {
    const rows = committedRows<{ id: string; status: string }>(
      this.simulated.databases.transactions,
      'transfer',
    );
    return rows.find(({ id }) => id === transferId)?.status;
  }
}
