import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Report } from '../src/demo/report.js';
import { execute } from '../src/parts/sql.js';
import { startStreamingServer, type StreamingServerPart } from '../src/parts/streaming-server.part.js';
import { runLab } from './lab-process.js';

jest.setTimeout(120_000);
const TEST_POSTGRES_URL = process.env['TEST_POSTGRES_URL'] ?? '';

describe('the demo, on databases that are given', () => {
  const database = `demo_e2e_${process.pid}`;
  const url = Object.assign(new URL(TEST_POSTGRES_URL), { pathname: `/${database}` }).href;
  const given = { TRANSACTIONS_DATABASE_URL: url, ACCOUNTS_DATABASE_URL: url };
  let directory: string;
  let broker: StreamingServerPart;

  beforeAll(async () => {
    await execute(TEST_POSTGRES_URL, `create database ${database}`);
    directory = await mkdtemp(join(tmpdir(), 'demo-e2e-'));
    broker = await startStreamingServer();
  });

  afterAll(async () => {
    await broker.stop();
    await rm(directory, { recursive: true });
    await execute(TEST_POSTGRES_URL, `drop database ${database}`);
  });

  async function schemasLeft(): Promise<unknown[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ nspname: string }>(
      "select nspname from pg_namespace where nspname ~ '^(transactions|accounts)_'",
    );
    await client.end();
    return rows;
  }

  it('the naive strategy loses transfers, exactly those that the broker never saw', async () => {
    const file = join(directory, 'direct.json');
    const run = await runLab(['demo', '--strategy', 'direct', '--transfers', '20', '--json', file], given);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(await readFile(file, 'utf8')) as Report;
    const [direct] = report.strategies;
    expect(report).toMatchObject({ asPredicted: true, notAsPredicted: [] });
    expect(direct).toMatchObject({
      duplicated: 0,
      phantom: 0,
      stuck: 0,
      recoveryMs: null,
      verdict: 'inconsistent',
    });
    expect(direct?.lost).toBeGreaterThanOrEqual(1);
    expect(direct?.lostTransfers).toHaveLength(direct?.lost ?? -1);
    const missing = direct?.lostTransfers.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n);
    expect(direct?.moneyMissingMinor).toBe(String(missing));
    for (const { id } of direct?.lostTransfers ?? []) expect(run.stdout).toContain(`lost ${id}`);
    expect(run.stdout).toContain('Everything came out as predicted.');
    expect(await schemasLeft()).toEqual([]);
  });

  it('the outbox loses nothing; a bare --json leaves standard output to the data', async () => {
    const onGivenBroker = { ...given, NATS_URL: broker.url, NATS_CLUSTER_ID: broker.clusterId };
    const run = await runLab(['demo', '--strategy', 'outbox', '--transfers', '60', '--json'], onGivenBroker);
    expect([run.code, (JSON.parse(run.stdout) as Report).strategies]).toEqual([
      0,
      [
        expect.objectContaining({
          recorded: 60,
          lost: 0,
          duplicated: 0,
          phantom: 0,
          stuck: 0,
          verdict: 'consistent',
        }),
      ],
    ]);
    expect(run.stderr).toMatch(/the lab runs on the given databases and the given NATS/);
    expect(run.stderr).toMatch(/[1-9]\d* events wait in the outbox \(sent: no\)/);
    expect(await schemasLeft()).toEqual([]);
  });

  it('settings that cannot be used are all named at once, and nothing is started', async () => {
    const run = await runLab(['demo'], {
      TRANSACTIONS_DATABASE_URL: 'postgres://127.0.0.1:1/none',
      ACCOUNTS_DATABASE_URL: 'mysql://somewhere',
      NATS_URL: broker.url,
      NATS_CLUSTER_ID: 'another',
    });
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(
      /TRANSACTIONS_DATABASE_URL: .*ECONNREFUSED.*\n- ACCOUNTS_DATABASE_URL: expected .*\n- NATS_URL: .*timeout/,
    );
  });

  it('an unknown option is refused with exit code 2 and the help', async () => {
    const run = await runLab(['demo', '--speed', '11']);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain('unknown option --speed');
    expect(run.stderr).toContain('--transfers N');
  });
});
