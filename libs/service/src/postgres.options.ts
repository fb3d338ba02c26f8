import { migrate } from '@app/outbox';
import type { TypeOrmModuleAsyncOptions } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions, type MixedList } from 'typeorm';
import type { ServiceEnvironment } from './service.environment.js';

/** A statement that takes longer than this, in ms, is cancelled by the database rather than waited for. */
const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * The database of a service, for `TypeOrmModule.forRootAsync`. Migrations run before the service starts,
 * under a lock, so that several instances may start at once.
 *
 * @param migrations listed one by one: a pattern would find other files in `dist` than in the source
 */
export function postgresOptions(
  service: string,
  environment: ServiceEnvironment,
  {
    entities,
    migrations,
  }: { entities: MixedList<new () => object>; migrations: MixedList<new () => object> },
): TypeOrmModuleAsyncOptions {
  const options: DataSourceOptions = {
    type: 'postgres',
    url: environment.DATABASE_URL,
    applicationName: service,
    poolSize: environment.DATABASE_POOL_MAX,
    extra: { statement_timeout: STATEMENT_TIMEOUT_MS },
    entities: entities as NonNullable<DataSourceOptions['entities']>,
    migrations: migrations as NonNullable<DataSourceOptions['migrations']>,
    migrationsTransactionMode: 'each',
  };
  return {
    useFactory: () => ({ ...options, retryAttempts: 10, retryDelay: 1_000 }),
    dataSourceFactory: async () => {
      const dataSource = await new DataSource(options).initialize();
      try {
        await migrate(dataSource);
      } catch (error) {
        // Nest tries again with a new one.
        await dataSource.destroy();
        throw error;
      }
      return dataSource;
    },
  };
}
