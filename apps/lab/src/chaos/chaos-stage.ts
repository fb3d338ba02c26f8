import { randomBytes } from 'node:crypto';
import { layCable, type Cable } from '../cable/cable.js';
import { PartStartError } from '../lab.errors.js';
import {
  Bank,
  relayOf,
  through,
  type BankOptions,
  type DeliveryStrategy,
  type Service,
} from '../parts/bank.js';
import type { Broker } from '../parts/broker.js';
import { Closers } from '../parts/closers.js';
import { freePort } from '../parts/free-port.js';
import type { Ground } from '../parts/parts.js';
import { startPostgres, type PostgresPart } from '../parts/postgres/postgres.part.js';
import { readRows } from '../parts/sql.js';
import { startStreamingServer } from '../parts/streaming-server.part.js';
import type { Supervised } from '../parts/supervised.js';
import { RELAYS, type CableTarget, type Instance, type Program } from './fault.js';

/**
 * Short, so that a fault of seconds is met by each; production has longer ones, and means the same. The time after which
 * a message is delivered again is production's: on a machine that is out of breath a shorter one is met by mere work.
 */
const COMMON = {
  RATE_LIMIT_PER_MINUTE: '0',
  NATS_RESUME_TIMEOUT_MS: '1000',
  NATS_CONNECT_TIMEOUT_MS: '1000',
  NATS_PING_INTERVAL_MS: '1000',
  NATS_PINGS_OUT_MAX: '2',
  NATS_ACK_TIMEOUT_MS: '2000',
  OUTBOX_LEASE_MS: '4000',
};
/** The instances differ in what a service may be set up to do; each service has one of either. */
const INSTANCES = {
  a: { NATS_ON_CONNECTION_LOST: 'exit', OUTBOX_RELAY: 'embedded' },
  b: { NATS_ON_CONNECTION_LOST: 'reconnect', OUTBOX_RELAY: 'off' },
};

/** Without these a server that is killed may lose what it has committed, and nothing here would prove anything. */
const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

/** Two instances of each service, a relay process for each, and the servers; with a cable between any two of them. */
export interface ChaosStage {
  /** Straight to the servers: for who watches. */
  readonly ground: Ground;
  readonly broker: Broker;
  readonly postgres: PostgresPart;
  readonly programs: ReadonlyMap<Program, Supervised>;
  readonly cables: ReadonlyMap<CableTarget, Cable>;
  /** Asks all to start, and waits until the services listen. */
  start(): Promise<void>;
  service(name: Instance): Service;
  /** Stops all. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts the servers, lays the cables and makes the programs ready to be started.
 * @param open takes what must be closed when the user breaks it off
 * @throws PartStartError
 */
export async function openChaosStage(
  delivery: DeliveryStrategy,
  open: Closers,
  say: (line: string) => void,
): Promise<ChaosStage> {
  const closers = new Closers();
  open.add(() => closers.close());
  const postgres = await startPostgres(say);
  closers.add(() => postgres.stop());
  await refuseForgetful(postgres);
  const broker = await startStreamingServer({ store: 'file' });
  closers.add(() => broker.stop());
  const runName = `chaos_${randomBytes(4).toString('hex')}`;
  const [transactions, accounts] = [
    await postgres.createDatabase(`${runName}_transactions`),
    await postgres.createDatabase(`${runName}_accounts`),
  ];
  const databases = { transactions, accounts };
  const ground: Ground = { runName, databases, broker, channelPrefix: '', close: () => closers.close() };
  const wiring = new Wiring(ground, delivery, closers);
  await wiring.lay();
  const service = (name: Instance) => wiring.services.get(name) as Service;
  return {
    ...{ ground, broker, postgres, service, cables: wiring.cables },
    programs: new Map<Program, Supervised>([...wiring.services, ...wiring.relays]),
    start: () => wiring.start(),
    close: () => closers.close(),
  };
}

async function refuseForgetful({ adminUrl }: PostgresPart): Promise<void> {
  for (const [name, wanted] of Object.entries(DURABLE)) {
    const [row] = await readRows<Record<string, string>>(adminUrl, `show ${name}`);
    if (row?.[name] !== wanted)
      throw new PartStartError('PostgreSQL', `${name} is ${row?.[name]}, not ${wanted}`);
  }
}

/** Who is connected to whom, through which cable. */
class Wiring {
  readonly services = new Map<Instance, Service>();
  readonly relays = new Map<Program, Supervised>();
  readonly cables = new Map<CableTarget, Cable>();

  constructor(
    private readonly ground: Ground,
    private readonly delivery: DeliveryStrategy,
    private readonly closers: Closers,
  ) {}

  async lay(): Promise<void> {
    for (const instance of ['a', 'b'] as const) {
      const names = { transactions: `transactions-${instance}`, accounts: `accounts-${instance}` } as const;
      const ports = { transactions: await freePort(), accounts: await freePort() };
      const environment = { ...COMMON, ...INSTANCES[instance] };
      const bank = new Bank({ ...(await this.wired(names)), instance, ports, environment });
      this.services.set(names.transactions, bank.transactions).set(names.accounts, bank.accounts);
      await this.layTo(`client–${names.transactions}`, { url: `http://127.0.0.1:${ports.transactions}` });
    }
    const names = { transactions: 'relay-of-transactions', accounts: 'relay-of-accounts' } as const;
    // Also beside the naive twin, whose outboxes stay empty: what befalls them befalls nothing.
    const options = { ...(await this.wired(names)), environment: COMMON, delivery: 'outbox' as const };
    for (const name of RELAYS) {
      this.relays.set(name, relayOf(name === names.transactions ? 'transactions' : 'accounts', options));
    }
    const programs = [...this.services.values(), ...this.relays.values()];
    for (const program of programs) keep(program);
    this.closers.add(() => Promise.all(programs.map((program) => program.stop())));
  }

  async start(): Promise<void> {
    const services = [...this.services.values()];
    for (const service of services) service.start();
    await Promise.all(services.map((service) => service.waitUntilListening()));
    // After the services, which run the migrations.
    for (const relay of this.relays.values()) relay.start();
  }

  /** The ground as two programs see it: each through cables of its own. */
  private async wired(names: {
    readonly transactions: Program;
    readonly accounts: Program;
  }): Promise<Pick<BankOptions, 'ground' | 'delivery' | 'transactionsNatsUrl'>> {
    const { databases, broker } = this.ground;
    const nats = {
      transactions: await this.layTo(`${names.transactions}–broker`, broker),
      accounts: await this.layTo(`${names.accounts}–broker`, broker),
    };
    const throughCables = {
      transactions: await this.layTo(`${names.transactions}–postgres`, { url: databases.transactions }),
      accounts: await this.layTo(`${names.accounts}–postgres`, { url: databases.accounts }),
    };
    return {
      ground: {
        ...this.ground,
        databases: throughCables,
        broker: { clusterId: broker.clusterId, url: nats.accounts },
      },
      delivery: this.delivery,
      transactionsNatsUrl: nats.transactions,
    };
  }

  /** @returns the address of the cable's near end */
  private async layTo(name: CableTarget, to: { readonly url: string }): Promise<string> {
    const cable = await layCable(to);
    this.cables.set(name, cable);
    this.closers.add(() => cable.close());
    return through(to.url, cable.port);
  }
}

/** An orchestrator never gives up: a crash loop ends when what caused it does. */
function keep(program: Supervised): void {
  program.onExit(() => {
    if (program.failed) program.start();
  });
}
