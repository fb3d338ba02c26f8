import { FakeMessageBus } from '@app/nats/testing';
import type { PublishAck, PublishOptions } from '@app/nats';
import { QueryFailedError, type DataSource, type EntityManager, type QueryRunner } from 'typeorm';

/** One statement that the fake was asked for. */
export interface FakeStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

type Answer = (parameters: readonly unknown[]) => readonly object[];

/**
 * Stands in for a TypeORM `DataSource` where a spec is about what happens before and after a commit. Its
 * {@link journal} tells the order of things: `begin`, `query`, `commit`, `rollback`, and `publish …` with a
 * {@link JournalingMessageBus} beside it. It knows no SQL: a statement is answered with no rows, unless
 * {@link answer} was told which.
 */
export class FakeDatabase {
  /** What happened, in order. */
  readonly journal: string[] = [];
  /** Every statement so far, in order. */
  readonly statements: FakeStatement[] = [];
  /** Query runners that were not released. */
  runnersOpen = 0;
  /** Give it to what wants a `DataSource`; it has `createQueryRunner`, `transaction`, `query` and `manager.query`. */
  readonly dataSource: DataSource;
  private readonly answers: { readonly part: string; readonly rows: Answer }[] = [];
  private commitError: Error | undefined;
  private commitsRefused = 0;

  constructor() {
    const query = async (sql: string, parameters: readonly unknown[] = []) =>
      Promise.resolve(this.query(sql, parameters));
    const manager = { query } as unknown as EntityManager;
    const transaction = <Result>(work: (manager: EntityManager) => Promise<Result>) =>
      this.transaction(manager, work);
    const createQueryRunner = () => this.queryRunner(manager);
    this.dataSource = { query, manager, transaction, createQueryRunner } as unknown as DataSource;
  }

  /** Answers every statement that contains `part` with these rows; the answer given last is tried first. */
  answer(part: string, rows: readonly object[] | Answer): this {
    this.answers.unshift({ part, rows: typeof rows === 'function' ? rows : () => rows });
    return this;
  }

  /** The next commits fail with this error of the driver; all of them unless it is said how many. */
  refuseCommit(error: Error, times = Infinity): this {
    this.commitError = error;
    this.commitsRefused = times;
    return this;
  }

  /** Forgets journal and statements, and keeps the behaviour; for `afterEach`. */
  clear(): void {
    this.journal.length = 0;
    this.statements.length = 0;
  }

  private async transaction<Result>(
    manager: EntityManager,
    work: (manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    this.journal.push('begin');
    try {
      const result = await work(manager);
      this.commit();
      return result;
    } catch (error) {
      this.journal.push('rollback');
      throw error;
    }
  }

  private queryRunner(manager: EntityManager): QueryRunner {
    this.runnersOpen++;
    const runner = {
      manager,
      isTransactionActive: false,
      connect: () => Promise.resolve(undefined),
      startTransaction: () => {
        runner.isTransactionActive = true;
        this.journal.push('begin');
        return Promise.resolve();
      },
      commitTransaction: async () => {
        await Promise.resolve();
        this.commit();
        runner.isTransactionActive = false;
      },
      rollbackTransaction: () => {
        runner.isTransactionActive = false;
        this.journal.push('rollback');
        return Promise.resolve();
      },
      release: () => {
        this.runnersOpen--;
        return Promise.resolve();
      },
    };
    return runner as unknown as QueryRunner;
  }

  private commit(): void {
    if (this.commitError && this.commitsRefused-- > 0)
      throw new QueryFailedError('COMMIT', undefined, this.commitError);
    this.journal.push('commit');
  }

  private query(sql: string, parameters: readonly unknown[]): readonly object[] {
    this.journal.push('query');
    this.statements.push({ sql, parameters });
    return this.answers.find(({ part }) => sql.includes(part))?.rows(parameters) ?? [];
  }
}

/** An error as PostgreSQL answers it, for {@link FakeDatabase.refuseCommit}. */
export function serverError(code: string, severity = 'ERROR'): Error {
  return Object.assign(new Error(`the server says ${code}`), { code, severity });
}

/** A {@link FakeMessageBus} that notes each publish in a {@link FakeDatabase}'s journal. */
export class JournalingMessageBus extends FakeMessageBus {
  constructor(private readonly journal: string[]) {
    super();
  }

  override publish(channel: string, payload: string, options?: PublishOptions): Promise<PublishAck> {
    this.journal.push(`publish ${channel}`);
    return super.publish(channel, payload, options);
  }
}
