import { natsEnvironment, natsOptionsFrom } from '@app/nats';
import { RELAY_DEFAULTS } from '@app/outbox';
import { z } from 'zod';
import { Broker, type BrokerParts } from '../broker/broker.js';
import { installBroker } from '../broker/current-broker.js';
import type { DatabaseImage } from '../database/database.js';
import { DatabaseServer } from '../database/server.js';
import type { World } from '../world/world.js';
import type { AccountsApi } from './accounts.js';
import { Program } from './program.js';
import type { LoadedService, TransactionsApi } from './transactions.js';
import type { ServiceSettings } from './service.js';
import type { ServiceName } from './service-modules.js';

/** Both services, loaded once, and what their databases begin with. */
export interface LoadedBank {
  readonly transactions: LoadedService<TransactionsApi>;
  readonly accounts: LoadedService<AccountsApi>;
  /** With the accounts that the orders are about; default: nothing. */
  readonly image?: DatabaseImage;
}

/** How a bank is set up. */
export interface BankSettings {
  readonly instances: Readonly<Record<ServiceName, number>>;
  readonly delivery: ServiceSettings['delivery'];
  readonly relay: Partial<ServiceSettings['relay']>;
  readonly nats: NatsVariables;
}

/** What is set of the connection to the broker; the rest is as by default. */
export interface NatsVariables {
  readonly NATS_ON_CONNECTION_LOST: 'exit' | 'reconnect';
  readonly [name: `NATS_${string}`]: string | number;
}

/** The whole bank: two databases, a broker, and the instances of both services. */
export class Bank {
  readonly broker: Broker;
  readonly databases: Readonly<Record<ServiceName, DatabaseServer>>;
  readonly transactions: readonly Program<TransactionsApi>[];
  readonly accounts: readonly Program<AccountsApi>[];

  constructor(
    readonly world: World,
    loaded: LoadedBank,
    settings: BankSettings,
    { strikes, closed }: Pick<BrokerParts, 'strikes' | 'closed'>,
  ) {
    this.broker = new Broker({ world, strikes, closed });
    installBroker(this.broker);
    const server = (name: ServiceName, image?: DatabaseImage) =>
      new DatabaseServer({ world, strikes, name: `${name}-db`, catalog: loaded[name].catalog, image });
    this.databases = {
      transactions: server('transactions'),
      accounts: server('accounts', loaded.image),
    };
    const programs = <Api>(name: ServiceName, { libraries, own }: LoadedService<Api>) =>
      Array.from({ length: settings.instances[name] }, (_, index) => {
        const service = settingsOf(name, settings);
        const parts = { name, libraries, server: this.databases[name], settings: service, own };
        return new Program<Api>(world, `${name}-${index + 1}`, parts);
      });
    this.transactions = programs('transactions', loaded.transactions);
    this.accounts = programs('accounts', loaded.accounts);
  }

  get programs(): readonly Program<unknown>[] {
    return [...this.transactions, ...this.accounts];
  }

  program(name: string): Program<unknown> {
    const found = this.programs.find((program) => program.name === name);
    if (!found) throw new Error(`the bank has no program ${name}`);
    return found;
  }

  start(): void {
    for (const program of this.programs) program.start();
  }
}

function settingsOf(service: ServiceName, { nats, delivery, relay }: BankSettings): ServiceSettings {
  const name = `${service} ${JSON.stringify(nats)}`;
  const known = NATS_SETTINGS.get(name) ?? natsSettings(service, nats);
  NATS_SETTINGS.set(name, known);
  return { delivery, nats: known, relay: { ...RELAY_DEFAULTS, ...relay } };
}

/** Kept, since reading an environment takes longer than a schedule may. */
const NATS_SETTINGS = new Map<string, ServiceSettings['nats']>();

function natsSettings(service: ServiceName, variables: NatsVariables): ServiceSettings['nats'] {
  const environment = z.object(natsEnvironment).parse({
    NATS_URL: 'nats://broker:4222',
    NATS_CLUSTER_ID: 'bank',
    ...variables,
  });
  return natsOptionsFrom(environment, { service, startup: 'background' });
}
