import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { QueryFailedError, type QueryRunner } from 'typeorm';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import { Tables } from './tables.js';

const ADD = 'select $1::int + 1 as sum';
const PREPARED =
  'select name, generic_plans + custom_plans as runs from pg_prepared_statements order by name';

let fixture: OutboxFixture;
let session: QueryRunner;

beforeAll(async () => {
  fixture = await OutboxFixture.create();
  session = fixture.dataSource.createQueryRunner();
});
afterAll(async () => {
  await session.release();
  await fixture.drop();
});

describe('a prepared statement', () => {
  it('is parsed once for a connection, and run as often as it is asked for', async () => {
    const tables = new Tables();
    const sql = tables.on(session.manager);
    expect([await sql.prepared(ADD, [1]), await sql.prepared(ADD, [2])]).toEqual([
      [{ sum: 2 }],
      [{ sum: 3 }],
    ]);
    expect(await session.query(PREPARED)).toEqual([{ name: tables.nameOf(ADD), runs: '2' }]);
    expect(tables.runsOf(ADD)).toBe(2);
  });

  it('has another name for other tables: one connection may serve two outboxes', () => {
    const store = 'insert into outbox_message default values';
    const [one, other] = [new Tables({ prefix: 'one_' }), new Tables({ prefix: 'other_' })];
    expect(one.nameOf(store)).not.toBe(other.nameOf(store));
  });

  it('fails as any other statement does', async () => {
    const failing = new Tables().on(session.manager).prepared('select 1 / $1::int', [0]);
    await expect(failing).rejects.toThrow(QueryFailedError);
    await expect(failing).rejects.toMatchObject({ driverError: { code: '22012' } });
  });

  it('is sent like any other where there is no connection to keep it', async () => {
    expect(await new Tables().on(fixture.dataSource).prepared(ADD, [1])).toEqual([{ sum: 2 }]);
  });
});
