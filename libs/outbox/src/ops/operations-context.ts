import type { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { Sql, Tables } from '../schema/tables.js';

/** What the operations work with. */
export interface OperationsContext {
  readonly dataSource: DataSource;
  readonly tables: Tables;
  readonly logger: Pick<Logger, 'warn'>;
  /** Tells the relay of this process that there is something to publish. */
  readonly wake: () => void;
}

/** Runs the work in a transaction of its own, at the level that the statements are made for. */
export function inTransaction<Result>(
  { dataSource, tables }: OperationsContext,
  work: (sql: Sql) => Promise<Result>,
): Promise<Result> {
  return dataSource.transaction('READ COMMITTED', (manager) => work(tables.on(manager)));
}
