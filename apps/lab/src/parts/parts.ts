import { randomBytes } from 'node:crypto';
import type { BankUrls } from '../audit/read-books.js';
import { Closers } from './closers.js';
import { startPostgres, type PostgresPart } from './postgres/postgres.part.js';
import { createSchema } from './schemas.js';
import { readGivenParts, type GivenParts } from './settings.js';
import type { BrokerAddress } from './streaming-client.js';
import { startStreamingServer } from './streaming-server.part.js';

/** What one run of the bank stands on; nothing of another run is in it. */
export interface Ground {
  /** Tells this run's things from another's, in given parts too. */
  readonly runName: string;
  readonly databases: BankUrls;
  readonly broker: BrokerAddress;
  /** Put in front of every channel name. */
  readonly channelPrefix: string;
  /** Stops the run's own parts and removes what it made in given ones. Safe to call twice. */
  close(): Promise<void>;
}

/** PostgreSQL and a broker: the user's where given, the lab's own elsewhere. */
export class Parts {
  private constructor(
    private readonly given: GivenParts,
    private readonly postgres: PostgresPart | undefined,
  ) {}

  /**
   * Tries out what is given by the environment and starts PostgreSQL where it is needed.
   * @param say takes one line for the user, when something is out of the ordinary
   * @throws BadSettingsError, PartStartError
   */
  static async start(environment: NodeJS.ProcessEnv, say: (line: string) => void): Promise<Parts> {
    const given = await readGivenParts(environment);
    const complete = given.transactions !== undefined && given.accounts !== undefined;
    return new Parts(given, complete ? undefined : await startPostgres(say));
  }

  /** Where the two databases and the broker are from, in words. */
  get description(): string {
    const own = 'its own';
    const database = this.postgres === undefined ? 'the given databases' : `${own} PostgreSQL`;
    return `${database} and ${this.given.broker === undefined ? `${own} streaming server` : 'the given NATS'}`;
  }

  /** Makes an empty database for each service and an empty broker, or a schema and a channel prefix in given ones. */
  async openGround(label: string): Promise<Ground> {
    const runName = `${label}_${randomBytes(4).toString('hex')}`;
    const closers = new Closers();
    try {
      const [broker, transactions, accounts] = await Promise.all([
        this.given.broker ?? openBroker(closers),
        this.openDatabase('transactions', runName, closers),
        this.openDatabase('accounts', runName, closers),
      ]);
      const databases = { transactions, accounts };
      return { runName, databases, broker, channelPrefix: `${runName}.`, close: () => closers.close() };
    } catch (error) {
      await closers.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.postgres?.stop();
  }

  private async openDatabase(service: keyof BankUrls, runName: string, closers: Closers): Promise<string> {
    const name = `${service}_${runName}`;
    const url = this.given[service];
    if (url === undefined) return this.ownPostgres().createDatabase(name);
    const schema = await createSchema(url, name);
    closers.add(() => schema.drop());
    return schema.url;
  }

  private ownPostgres(): PostgresPart {
    if (this.postgres === undefined)
      throw new Error('PostgreSQL was not started although a database is not given');
    return this.postgres;
  }
}

async function openBroker(closers: Closers): Promise<BrokerAddress> {
  const server = await startStreamingServer();
  closers.add(() => server.stop());
  return server;
}
