import { getMetadataArgsStorage, QueryFailedError } from 'typeorm';
import type { SimulatedProcess } from '../world/simulated-process.js';
import type { Answer, DatabaseServer, Session } from './server.js';

/** As services have it by default. */
const POOL_MAX = 10;

/**
 * What the programs use of TypeORM's `DataSource`, with the errors as TypeORM throws them: a pool of connections to a
 * simulated server.
 */
export class SimulatedDataSource {
  /** Nothing is logged. */
  readonly logger = { logQuery: () => undefined, logQueryError: () => undefined };
  readonly manager = managerOn(this);
  private readonly idle: Session[] = [];
  private readonly waiting: (() => void)[] = [];
  private used = 0;

  constructor(
    private readonly server: DatabaseServer,
    private readonly owner: SimulatedProcess,
    private readonly poolMax = POOL_MAX,
  ) {}

  /** Runs a statement as a transaction of its own. */
  async query<Rows>(text: string, parameters: unknown[] = []): Promise<Rows> {
    const runner = this.createQueryRunner();
    try {
      return await runner.query<Rows>(text, parameters);
    } finally {
      await runner.release();
    }
  }

  createQueryRunner(): SimulatedQueryRunner {
    return new SimulatedQueryRunner(this);
  }

  async acquire(): Promise<Session> {
    if (this.used >= this.poolMax) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.used++;
    try {
      return this.idleSession() ?? (await this.server.connect(this.owner));
    } catch (error) {
      this.giveBack(undefined);
      throw error;
    }
  }

  private idleSession(): Session | undefined {
    for (let session = this.idle.pop(); session; session = this.idle.pop()) if (!session.lost) return session;
    return undefined;
  }

  giveBack(session: Session | undefined): void {
    this.used--;
    if (session && !session.lost) this.idle.push(session);
    this.waiting.shift()?.();
  }
}

/** What is used of TypeORM's `QueryRunner`: one connection, and the transaction on it. */
class SimulatedQueryRunner {
  isTransactionActive = false;
  readonly manager = managerOn(this);
  private client: PostgresClient | undefined;
  private connecting: Promise<PostgresClient> | undefined;

  constructor(readonly dataSource: SimulatedDataSource) {
    Object.assign(this.manager, { queryRunner: this });
  }

  connect(): Promise<PostgresClient> {
    this.connecting ??= this.dataSource
      .acquire()
      .then((session) => (this.client = new PostgresClient(session)));
    return this.connecting;
  }

  async query<Rows>(text: string, parameters?: unknown[]): Promise<Rows> {
    const { session } = await this.connect();
    let answer: Answer;
    try {
      answer = await session.query(text, parameters);
    } catch (error) {
      throw new QueryFailedError(text, parameters, error as Error);
    }
    const { rows, rowCount, command } = answer;
    const counted = command === 'UPDATE' || command === 'DELETE';
    return (counted ? [rows, rowCount] : rows) as Rows;
  }

  async startTransaction(isolation?: string): Promise<void> {
    if (isolation !== undefined) throw new Error(`the seeded database knows no isolation ${isolation}`);
    this.isTransactionActive = true;
    await this.query('START TRANSACTION');
  }

  async commitTransaction(): Promise<void> {
    await this.query('COMMIT');
    this.isTransactionActive = false;
  }

  async rollbackTransaction(): Promise<void> {
    await this.query('ROLLBACK');
    this.isTransactionActive = false;
  }

  async release(): Promise<void> {
    await Promise.resolve();
    const { client } = this;
    this.client = undefined;
    if (client) this.dataSource.giveBack(client.session);
  }
}

/** What is used of the client of `pg`. */
class PostgresClient {
  readonly readyForQuery = true;

  constructor(readonly session: Session) {}

  query({ text, values }: { readonly text: string; readonly values: unknown[] }): Promise<Answer> {
    return this.session.query(text, values);
  }

  getTransactionStatus(): 'I' | 'T' | 'E' {
    return this.session.status;
  }

  end(): Promise<void> {
    this.session.end();
    return Promise.resolve();
  }
}

interface Runner {
  query<Rows>(text: string, parameters?: unknown[]): Promise<Rows>;
}

/** What is used of TypeORM's `EntityManager`. */
function managerOn(runner: Runner) {
  return {
    query: <Rows>(text: string, parameters?: unknown[]) => runner.query<Rows>(text, parameters),
    findOneBy: async (entity: new () => object, { id }: { readonly id: string }): Promise<object | null> => {
      const [row] = await runner.query<Record<string, unknown>[]>(selectById(entity), [id]);
      return row ? Object.assign(new entity(), transformed(entity, row)) : null;
    },
  };
}

function columnsOf(entity: new () => object) {
  return getMetadataArgsStorage().filterColumns(entity);
}

function selectById(entity: new () => object): string {
  const [table] = getMetadataArgsStorage().filterTables(entity);
  const columns = columnsOf(entity).map(
    ({ propertyName, options }) => `${options.name ?? propertyName} as "${propertyName}"`,
  );
  return `select ${columns.join(', ')} from ${table?.name ?? ''} where id = $1`;
}

function transformed(entity: new () => object, row: Record<string, unknown>): object {
  const entries = columnsOf(entity).map(({ propertyName, options: { transformer } }) => {
    const value = row[propertyName];
    const reads = transformer && !Array.isArray(transformer);
    return [propertyName, reads ? (transformer.from(value) as unknown) : value];
  });
  return Object.fromEntries(entries) as object;
}
