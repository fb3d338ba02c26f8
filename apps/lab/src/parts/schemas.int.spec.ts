import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { createSchema, type Schema } from './schemas.js';
import { execute } from './sql.js';

const databaseUrl = process.env['TEST_POSTGRES_URL'] ?? '';

async function schemasOf(name: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query('select 1 from pg_namespace where nspname = $1', [name])).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

describe('a schema of its own in a given database', () => {
  const name = `schema_spec_${process.pid}`;
  let schema: Schema;

  beforeAll(async () => {
    schema = await createSchema(databaseUrl, name);
  });

  afterAll(async () => {
    await schema.drop();
  });

  it('is where pg makes its tables', async () => {
    await execute(schema.url, 'create table by_pg (id integer)');
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query(
      "select table_schema from information_schema.tables where table_name = 'by_pg'",
    );
    await client.end();
    expect(rows).toEqual([{ table_schema: name }]);
  });

  it('is where TypeORM works, given nothing but the URL', async () => {
    const dataSource = await new DataSource({ type: 'postgres', url: schema.url }).initialize();
    try {
      expect(await dataSource.query('select current_schema() as schema')).toEqual([{ schema: name }]);
    } finally {
      await dataSource.destroy();
    }
  });

  it('is gone with all that is in it when it is dropped', async () => {
    const other = await createSchema(databaseUrl, `${name}_dropped`);
    await execute(other.url, 'create table something (id integer)');
    expect(await schemasOf(`${name}_dropped`)).toBe(1);
    await other.drop();
    expect(await schemasOf(`${name}_dropped`)).toBe(0);
  });
});
