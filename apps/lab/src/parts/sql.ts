import { Client } from 'pg';

/** Runs one statement on a connection of its own. */
export async function execute(databaseUrl: string, sql: string): Promise<void> {
  await readRows(databaseUrl, sql);
}

/** Runs one statement on a connection of its own. @returns its rows */
export async function readRows<Row extends object>(databaseUrl: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
