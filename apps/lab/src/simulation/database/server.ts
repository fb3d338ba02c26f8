import type { PostgresMessage } from '../../cable/message.js';
import type { CompiledStatement } from '../sql/compiled.js';
import { Conversation } from '../../cable/postgres/conversation.js';
import { rowsForDriver } from '../sql/compile-statement.js';
import { ServerError } from '../simulation.errors.js';
import type { CableKeeper, Connection, Passage } from '../world/passage.js';
import type { SimulatedProcess } from '../world/simulated-process.js';
import type { Fate, Strikes } from '../world/strikes.js';
import type { World } from '../world/world.js';
import type { Catalog } from './catalog.js';
import { Database, type DatabaseImage } from './database.js';
import type { Arrival } from './execution.js';
import { LockWait, type Transaction } from './transaction.js';

/** What a server answers to a statement. */
export interface Answer {
  /** None of a write without RETURNING. */
  readonly rows: Record<string, unknown>[];
  /** How many rows it has written, or found. */
  readonly rowCount: number;
  readonly command: string;
}

/** What a database server gets from outside. */
export interface ServerParts {
  readonly world: World;
  readonly strikes: Strikes;
  /** Whose database it is. */
  readonly name: string;
  readonly catalog: Catalog;
  /** What is in it at the beginning; default: nothing. */
  readonly image?: DatabaseImage | undefined;
}

/** Two clocks of one statement: the time until it is looked at, and the moment at which it runs. */
const LEAST_RUN_MICROS = 100;
const ABORTED = '25P02';

/** PostgreSQL as a server: sessions, each with its transaction, that end with their connections, and crashes. */
export class DatabaseServer {
  readonly database: Database;
  up = true;
  /** Decides what passes between its clients and it; default: everything. */
  keeper: CableKeeper | undefined;
  private readonly sessions = new Set<Session>();

  constructor(readonly parts: ServerParts) {
    const { world, catalog, image } = parts;
    this.database = new Database({
      tables: catalog.tables.values(),
      nowMicros: () => world.nowMicros,
      random: () => world.programChances.fraction(),
      uuid: () => crypto.randomUUID(),
      image,
    });
  }

  /** Rejects while it is down. */
  connect(owner: SimulatedProcess): Promise<Session> {
    const { world } = this.parts;
    return new Promise((resolve, reject) => {
      world.afterWay(
        'dial database',
        () => {
          if (!this.up) return reject(new Error('connect ECONNREFUSED'));
          const session = new Session(this, owner);
          this.sessions.add(session);
          this.keeper?.opened(session);
          resolve(session);
        },
        owner,
      );
    });
  }

  /** Everything that is not committed is gone, and so is every connection. */
  crash(): void {
    this.up = false;
    this.database.abortAll();
    for (const session of [...this.sessions]) session.drop();
  }

  restart(): void {
    this.up = true;
  }

  pass(passage: Passage): void {
    if (this.keeper) this.keeper.passes(passage);
    else passage.arrive();
  }

  forget(session: Session): void {
    this.sessions.delete(session);
  }
}

/**
 * One connection and its transaction: `I` none is open, `T` one is, `E` one has failed and waits for its end. The
 * program's side and the server's side notice each other's end only after a way.
 */
export class Session implements Connection {
  /** As the program's side knows it. */
  status: 'I' | 'T' | 'E' = 'I';
  /** On the program's side: nothing can be asked any more. */
  lost = false;
  private transaction: Transaction | undefined;
  /** On the server's side. */
  private ended = false;
  private fail: ((error: Error) => void) | undefined;
  private readonly conversation = new Conversation();

  constructor(
    private readonly server: DatabaseServer,
    private readonly owner: SimulatedProcess,
  ) {
    owner.onEnd.push(() => this.endSoon());
  }

  get isOpen(): boolean {
    return !this.lost && !this.ended;
  }

  /** Sends a statement and resolves with the answer; one at a time. */
  query(text: string, parameters: readonly unknown[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { owner, server } = this;
      if (owner.dead) return;
      if (this.lost)
        return reject(new Error('Client has encountered a connection error and is not queryable'));
      const point = pointOf(text, server.parts.catalog);
      const fate = this.strike(`${point.name}:sent`);
      if (owner.dead) return;
      this.fail = reject;
      if (fate === 'lost') return this.drop();
      const words = this.conversation.exchange([text], true);
      const answer: Reply = (error, found) =>
        this.reply({ point, words, fate, resolve, reject }, error, found);
      const { name, world } = server.parts;
      const request = { point, parameters, answer };
      const send = () => {
        world.trace.tell(owner.name, name, () => point.title);
        const message = { protocol: 'postgres', kind: 'request', ...words } as const;
        const arrive = () => this.receive(text, request);
        world.afterWay(point.title, () => server.pass({ connection: this, way: 'there', message, arrive }));
      };
      world.afterTurn(owner, send);
    });
  }

  /** The connection breaks: both sides notice. */
  drop(): void {
    this.endSoon();
    this.server.parts.world.afterWay('connection dropped', () => this.lose(), this.owner);
  }

  /** The program closes it. */
  end(): void {
    this.lost = true;
    this.endSoon();
  }

  private lose(): void {
    this.lost = true;
    this.fail?.(new Error('Connection terminated unexpectedly'));
    this.fail = undefined;
  }

  /** The server learns of it after a way, and what is on its way until then still counts. */
  private endSoon(): void {
    const { world } = this.server.parts;
    world.afterWay('session ends', () => {
      this.ended = true;
      this.server.forget(this);
      if (this.transaction) this.server.database.abort(this.transaction);
    });
  }

  private receive(text: string, request: Request): void {
    if (this.ended || !this.server.up) return;
    const { point, parameters, answer } = request;
    switch (point.name) {
      case 'database.begin':
        this.transaction = this.server.database.begin();
        return answer();
      case 'database.commit':
      case 'database.rollback':
        return this.endTransaction(point.name === 'database.commit', answer);
      default: {
        if (this.transaction && this.transaction.status !== 'open') {
          return answer(new ServerError('current transaction is aborted', ABORTED));
        }
        const statement = this.server.parts.catalog.statement(text);
        const arrival = this.server.database.arrival(parameters);
        const transaction = this.transaction ?? this.server.database.begin();
        const run = () => this.run(statement, { transaction, arrival, answer });
        this.server.parts.world.after(LEAST_RUN_MICROS + this.server.parts.world.wayMicros() / 4, 'run', run);
      }
    }
  }

  private endTransaction(commits: boolean, answer: Reply): void {
    const { transaction } = this;
    this.transaction = undefined;
    if (transaction?.status === 'open') {
      if (commits) this.server.database.commit(transaction);
      else this.server.database.abort(transaction);
    }
    answer();
  }

  private run(
    statement: CompiledStatement,
    running: { readonly transaction: Transaction; readonly arrival: Arrival; readonly answer: Reply },
  ): void {
    const { transaction, arrival, answer } = running;
    const { database, parts } = this.server;
    if (transaction.status !== 'open' || !this.server.up) return;
    // One that has arrived alone is run and committed even if its client is gone: nobody looks for it until the answer.
    const alone = transaction !== this.transaction;
    try {
      const tuples = database.run(statement, transaction, arrival);
      if (alone) database.commit(transaction);
      const { columns, command } = statement;
      const returned = command === 'SELECT' || columns.length > 0 ? tuples : [];
      answer(undefined, { rows: rowsForDriver(columns, returned), rowCount: tuples.length, command });
    } catch (error) {
      if (error instanceof LockWait) {
        const { holder } = error;
        const again = () => {
          holder.waiters.delete(again);
          parts.world.afterWay('lock is free', () => this.run(statement, running));
        };
        holder.waiters.add(again);
        return;
      }
      if (!(error instanceof ServerError)) throw error;
      database.abort(transaction);
      answer(error);
    }
  }

  private reply(
    { point, words, fate: sentFate, resolve, reject }: Exchange,
    error: ServerError | undefined,
    answer: Answer = { rows: [], rowCount: 0, command: point.title },
  ): void {
    const { world, name } = this.server.parts;
    const doneFate = this.strike(`${point.name}:done`);
    if (sentFate === 'reply lost' || doneFate === 'lost' || doneFate === 'reply lost') return this.drop();
    if (this.ended) return;
    world.trace.tell(name, this.owner.name, () =>
      error ? `${point.title}: ${error.message}` : `${point.title} done`,
    );
    const arrive = () => {
      if (this.lost) return;
      this.fail = undefined;
      this.status = STATUS_AFTER[point.name] ?? (error && this.status === 'T' ? 'E' : this.status);
      if (error) reject(error);
      else resolve(answer);
    };
    const message = {
      protocol: 'postgres',
      kind: 'answer',
      ...words,
      ...(error && { failure: error.code }),
    } as const;
    const comeBy = () => this.server.pass({ connection: this, way: 'back', message, arrive });
    world.afterWay('answer', comeBy, this.owner);
  }

  private strike(point: string): Fate | undefined {
    return this.server.parts.strikes.strike(point, this.owner);
  }
}

type Reply = (error?: ServerError, answer?: Answer) => void;

/** A statement as the faults know it. */
interface StatementPoint {
  /** `database.begin`, `database.commit`, `database.rollback`, or `database.` and what it writes. */
  readonly name: string;
  /** For the story. */
  readonly title: string;
}

interface Request {
  readonly point: StatementPoint;
  readonly parameters: readonly unknown[];
  readonly answer: Reply;
}

interface Exchange {
  readonly point: StatementPoint;
  readonly words: Pick<PostgresMessage, 'statements' | 'transaction' | 'commits'>;
  readonly fate: Fate | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const TRANSACTION_POINTS: Readonly<Record<string, StatementPoint>> = {
  'START TRANSACTION': { name: 'database.begin', title: 'BEGIN' },
  COMMIT: { name: 'database.commit', title: 'COMMIT' },
  ROLLBACK: { name: 'database.rollback', title: 'ROLLBACK' },
};

const STATUS_AFTER: Readonly<Record<string, Session['status']>> = {
  'database.begin': 'T',
  'database.commit': 'I',
  'database.rollback': 'I',
};

function pointOf(text: string, catalog: Catalog): StatementPoint {
  const known = TRANSACTION_POINTS[text];
  if (known) return known;
  const { title } = catalog.statement(text);
  return { name: `database.${title}`, title };
}
