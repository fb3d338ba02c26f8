import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { until, within } from '../parts/deadline.js';
import { createSchema } from '../parts/schemas.js';
import { Cable, layCable } from './cable.js';
import type { Pattern } from './message.js';
import { answerToCommitOf, answerToStatementLike, commitOf, statementLike } from './patterns.js';
import type { Outcome, Strike } from './strike.js';

const WITHIN_MS = 10_000;
const TRANSFER = /insert into transfer/;

describe('a cable to PostgreSQL', () => {
  let schema: Awaited<ReturnType<typeof createSchema>>;
  let cable: Cable;
  let direct: Client;
  const clients: Client[] = [];

  beforeEach(async () => {
    schema = await createSchema(process.env['TEST_POSTGRES_URL']!, `cable_${process.pid}_${Date.now()}`);
    cable = await layCable({ url: schema.url }, { protocol: 'postgres' });
    direct = await open(schema.url);
    await direct.query('create table transfer (id integer)');
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end().catch(() => undefined);
    await cable.close();
    await schema.drop();
  });

  async function open(address = through()): Promise<Client> {
    const client = new Client({ connectionString: address });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }

  function through(): string {
    const url = new URL(schema.url);
    url.port = String(cable.port);
    return url.href;
  }

  const isFired = (strike: Strike) => within('the strike', WITHIN_MS, strike.fired);
  const stored = async () =>
    (await direct.query<{ id: number }>('select id from transfer order by id')).rows.map(({ id }) => id);

  /** A transaction of a service, with a statement that is prepared, run by its name from the second time on. */
  async function transfer(client: Client, id: number): Promise<void> {
    await client.query('START TRANSACTION');
    await client.query('select 1');
    await client.query({ name: 'store', text: 'insert into transfer values ($1)', values: [id] });
    await client.query('COMMIT');
  }

  const strikeAt = (at: Pattern, action: Outcome, occurrence = 1) => cable.strike({ at, action, occurrence });

  it('struck by nothing passes everything', async () => {
    const client = await open();
    await transfer(client, 1);
    const much = 'x'.repeat(3_000_000);
    const { rows } = await client.query<{ text: string }>(
      'select $1::text as text from generate_series(1, 3)',
      [much],
    );
    expect(rows.map(({ text }) => text === much)).toEqual([true, true, true]);
    expect(await stored()).toEqual([1]);
  });

  it('knows a prepared statement that runs by its name', async () => {
    const client = await open();
    const strike = strikeAt(statementLike(TRANSFER), 'cut-before', 2);
    await transfer(client, 1);
    await expect(transfer(client, 2)).rejects.toThrow(/ECONNRESET/);
    expect(await isFired(strike)).toMatchObject({
      kind: 'request',
      statements: ['insert into transfer values ($1)'],
      transaction: ['START TRANSACTION', 'select 1', 'insert into transfer values ($1)'],
      commits: false,
    });
    expect(await stored()).toEqual([1]);
  });

  it('tells the commit of one transaction from that of another', async () => {
    const [other, client] = [await open(), await open()];
    const strike = strikeAt(commitOf(TRANSFER), 'cut-before');
    await other.query('begin');
    await other.query('select 1');
    await other.query('commit');
    expect(strike.hasFired).toBe(false);
    await expect(transfer(client, 1)).rejects.toThrow(/ECONNRESET/);
    await isFired(strike);
    expect(await stored()).toEqual([]);
    expect((await other.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('cut after a commit: it is committed, and nobody is told', async () => {
    const strike = strikeAt(commitOf(TRANSFER), 'cut-after');
    await expect(transfer(await open(), 1)).rejects.toThrow(/ECONNRESET/);
    await isFired(strike);
    await until('the commit', WITHIN_MS, async () => ((await stored()).length === 1 ? true : undefined));
  });

  it('cut before the answer to a commit: it is committed already', async () => {
    const strike = strikeAt(answerToCommitOf(TRANSFER), 'cut-before');
    await expect(transfer(await open(), 1)).rejects.toThrow(/ECONNRESET/);
    expect(await isFired(strike)).toMatchObject({ kind: 'answer', statements: ['COMMIT'], commits: true });
    expect(await stored()).toEqual([1]);
  });

  it('a lost answer leaves the client waiting, whatever else the connection does', async () => {
    const client = await open();
    await transfer(client, 1);
    const strike = strikeAt(answerToStatementLike(TRANSFER), 'drop');
    const waiting = transfer(client, 2).then(() => 'answered');
    await isFired(strike);
    expect(await Promise.race([waiting, transfer(await open(), 3)])).toBeUndefined();
    await cable.set('reset');
    await expect(waiting).rejects.toThrow(/ECONNRESET/);
    expect(await stored()).toEqual([1, 3]);
  });

  it('tells the answer that is an error, with its code', async () => {
    const client = await open();
    const strike = strikeAt(answerToStatementLike(/from nowhere/), 'pass');
    await expect(client.query('select * from nowhere')).rejects.toThrow(/does not exist/);
    expect(await isFired(strike)).toMatchObject({ failure: '42P01', transaction: [] });
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});
