import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import type { QueryRunner } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../testing/test-database.js';
import { outboxMigration } from '../schema/outbox.migration.js';
import type { TableNames } from '../schema/tables.js';
import { runOutboxCommand } from './cli/cli.js';

jest.setTimeout(30_000);

const opened: { readonly client: Client; readonly database: TestDatabase }[] = [];

afterEach(async () => {
  for (const { client, database } of opened.splice(0)) {
    await client.end();
    await database.drop();
  }
});

/** An empty database with one connection, which takes a script as psql does: whole. */
async function emptyDatabase(): Promise<Client> {
  const database = await createTestDatabase();
  const client = new Client({ connectionString: database.url });
  opened.push({ client, database });
  await client.connect();
  return client;
}

/** A database as the migration makes it. */
async function migrated(tables: TableNames = {}): Promise<Client> {
  const client = await emptyDatabase();
  const query = async (text: string, parameters?: unknown[]) =>
    (await client.query<object>(text, parameters)).rows;
  const Migration = outboxMigration({ tables });
  await new Migration().up({ query } as unknown as QueryRunner);
  return client;
}

/** Everything that stands in a schema, as PostgreSQL describes it. */
async function catalogOf(client: Client, schema = 'public'): Promise<unknown[][]> {
  const queries = [
    `select relname, relkind, relispartition, reloptions, pg_get_expr(relpartbound, pg_class.oid),
            pg_get_partkeydef(pg_class.oid)
     from pg_class where relnamespace = $1::text::regnamespace order by relname`,
    `select relname, attname, attnum, format_type(atttypid, atttypmod), attnotnull,
            pg_get_expr(adbin, adrelid) as otherwise
     from pg_attribute join pg_class on pg_class.oid = attrelid
     left join pg_attrdef on adrelid = attrelid and adnum = attnum
     where relnamespace = $1::text::regnamespace and attnum > 0 and relkind in ('r', 'p') order by relname, attnum`,
    `select conrelid::regclass::text as of, conname, pg_get_constraintdef(oid), conislocal, coninhcount
     from pg_constraint where connamespace = $1::text::regnamespace order by 1, 2`,
    'select tablename, indexname, indexdef from pg_indexes where schemaname = $1 order by 1, 2',
    `select inhrelid::regclass::text as child, inhparent::regclass::text as parent from pg_inherits
     join pg_class on pg_class.oid = inhrelid where relnamespace = $1::text::regnamespace order by 1`,
  ];
  const catalog: unknown[][] = [];
  for (const query of queries) catalog.push((await client.query(query, [schema])).rows);
  return catalog;
}

async function scriptOf(...flags: string[]): Promise<string> {
  let text = '';
  const surroundings = {
    environment: {},
    tell: (part: string) => void (text += part),
    complain: () => undefined,
  };
  expect(await runOutboxCommand(['sql', ...flags], surroundings)).toBe(0);
  return text;
}

describe('the plain SQL', () => {
  it('makes in an empty database what the migration makes', async () => {
    const byHand = await emptyDatabase();
    await byHand.query(await scriptOf());
    const catalog = await catalogOf(byHand);
    expect(catalog).toEqual(await catalogOf(await migrated()));
    expect(catalog[0]?.length).toBeGreaterThan(100);
    expect(catalog.every((rows) => rows.length > 0)).toBe(true);
  });

  it('makes the same in a chosen schema, under a chosen prefix, and nothing elsewhere', async () => {
    const byHand = await emptyDatabase();
    await byHand.query(await scriptOf('--schema', 'billing', '--prefix', 'b_'));
    const migration = await migrated({ schema: 'billing', prefix: 'b_' });
    expect(await catalogOf(byHand, 'billing')).toEqual(await catalogOf(migration, 'billing'));
    const { rows } = await byHand.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace`,
    );
    expect(rows).toEqual([]);
  });

  it('makes all or nothing', async () => {
    const byHand = await emptyDatabase();
    await byHand.query('create table inbox_key (key text)');
    await expect(byHand.query(await scriptOf())).rejects.toThrow('already exists');
    await byHand.query('rollback');
    const { rows } = await byHand.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace`,
    );
    expect(rows).toEqual([{ relname: 'inbox_key' }]);
  });

  it('is given as data too', async () => {
    expect(JSON.parse(await scriptOf('--json'))).toEqual({ sql: expect.stringMatching(/^begin;/) });
  });
});
