import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';
import { v7 as uuidv7 } from 'uuid';
import { migrate } from './migrate.js';
import { outboxMigration } from './schema/outbox.migration.js';

class Broken1767225600009 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('create table half_done (id int)');
    await queryRunner.query('select 1 / 0');
  }

  async down(): Promise<void> {}
}

let database: TestDatabase;
const opened: DataSource[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((dataSource) => dataSource.destroy()));
  await database.drop();
});

async function open(...migrations: (new () => MigrationInterface)[]): Promise<DataSource> {
  const all = [outboxMigration(), ...migrations];
  const dataSource = new DataSource({ type: 'postgres', url: database.url, poolSize: 2, migrations: all });
  opened.push(await dataSource.initialize());
  return dataSource;
}

const applied = (dataSource: DataSource) =>
  dataSource.query<{ name: string }[]>('select name from migrations order by id');
const locks = (dataSource: DataSource) =>
  dataSource.query(`
    select 1 from pg_locks join pg_database on pg_database.oid = pg_locks.database
    where locktype = 'advisory' and datname = current_database()`);

describe('migrate', () => {
  it('instances that start at once all succeed, and each migration runs once', async () => {
    const instances = await Promise.all(Array.from({ length: 4 }, () => open()));
    await Promise.all(instances.map(migrate));
    const [first] = instances;
    expect(await applied(first!)).toEqual([{ name: 'CreateOutbox1767225600000' }]);
    expect(await first!.query('select * from outbox_message')).toEqual([]);
  });

  it('a second run changes nothing', async () => {
    const dataSource = await open();
    await migrate(dataSource);
    await dataSource.query(`insert into inbox_message (source, id, type) values ('/x', '${uuidv7()}', 'x')`);
    await migrate(dataSource);
    expect(await applied(dataSource)).toHaveLength(1);
    expect(await dataSource.query('select * from inbox_message')).toHaveLength(1);
  });

  it('a migration that fails leaves nothing of itself, keeps those before it, and frees the lock', async () => {
    const broken = await open(Broken1767225600009);
    jest.spyOn(broken.logger, 'logMigration').mockImplementation(() => undefined);
    await expect(migrate(broken)).rejects.toThrow('division by zero');
    expect(await applied(broken)).toHaveLength(1);
    expect(await broken.query(`select to_regclass('half_done') as name`)).toEqual([{ name: null }]);
    expect(await locks(broken)).toEqual([]);
    await migrate(await open());
  });

  it('the outbox is not dropped by a step backwards', async () => {
    const dataSource = await open();
    await migrate(dataSource);
    await expect(dataSource.undoLastMigration()).rejects.toThrow('may not be sent yet');
    expect(await dataSource.query('select * from outbox_message')).toEqual([]);
  });
});
