import { beforeEach, describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { runAs, SimulatedProcess } from '../world/simulated-process.js';
import type { Fate } from '../world/strikes.js';
import { World } from '../world/world.js';
import { Catalog } from './catalog.js';
import { SimulatedDataSource } from './data-source.js';
import { DatabaseServer, type Session } from './server.js';

const FAR_MS = 60_000;
const INSERT = 'insert into box (id, amount) values ($1, $2)';

let world: World;
let server: DatabaseServer;
let owner: SimulatedProcess;
let fates: Record<string, Fate[]>;

beforeEach(() => {
  world = new World({ seed: 1, weather: { wayMicros: [500, 500], slowPercent: 0, slowMicros: 0 } });
  fates = {};
  const catalog = new Catalog();
  catalog.define('create table box (id int primary key, amount bigint not null)');
  const strikes = { strike: (point: string) => fates[point]?.shift() };
  server = new DatabaseServer({ world, strikes, name: 'db', catalog });
  owner = new SimulatedProcess('program');
});

/** Runs something as a process until it has come to an end, or nothing happens any more. */
async function outcomeOf(work: () => Promise<unknown>, by = owner): Promise<unknown> {
  let outcome: unknown = 'nothing';
  const settle = (what: unknown) => (outcome = what);
  world.after(0, 'work', () => void work().then(settle, settle), by);
  await world.runUntil(() => outcome !== 'nothing', FAR_MS);
  return outcome;
}

const connect = async () => (await outcomeOf(() => server.connect(owner))) as Session;
const ask = (session: Session, text: string, ...parameters: unknown[]) =>
  outcomeOf(() => session.query(text, parameters));
const settle = () => world.runUntil(() => false, FAR_MS);
const boxes = () => server.database.committed('box');

describe('a seeded database server', () => {
  it('keeps what is committed through a crash, and nothing else', async () => {
    const session = await connect();
    await ask(session, INSERT, 1, 10);
    await ask(session, 'START TRANSACTION');
    await ask(session, INSERT, 2, 20);
    server.crash();
    expect(String(await ask(session, 'COMMIT'))).toMatch(/connection/i);
    expect(String(await outcomeOf(() => server.connect(owner)))).toContain('ECONNREFUSED');
    server.restart();
    expect(boxes()).toEqual([[1, 10n]]);
    expect(await ask(await connect(), INSERT, 2, 20)).toMatchObject({ rowCount: 1 });
  });

  it('has rolled back what was open when it crashes: a commit that was on its way then comes too late', async () => {
    const session = await connect();
    await ask(session, 'START TRANSACTION');
    await ask(session, INSERT, 1, 10);
    void session.query('COMMIT').catch(() => undefined);
    world.after(1, 'crash', () => {
      server.crash();
      server.restart();
    });
    await settle();
    expect(boxes()).toEqual([]);
  });

  it('rolls back what a process has open when it is killed, and frees its locks', async () => {
    const session = await connect();
    await ask(session, INSERT, 1, 10);
    await ask(session, 'START TRANSACTION');
    await ask(session, 'update box set amount = 0');
    runAs(owner, () => owner.kill());
    owner = new SimulatedProcess('next');
    const answer = await ask(await connect(), 'update box set amount = amount + 1 returning amount');
    expect(answer).toMatchObject({ rows: [{ amount: '11' }] });
  });

  it('runs and commits a statement of its own that has arrived and waited, though its client is gone meanwhile', async () => {
    const [holder, waiting] = [await connect(), await connect()];
    await ask(holder, INSERT, 1, 10);
    await ask(holder, 'START TRANSACTION');
    await ask(holder, 'update box set amount = 20');
    void waiting.query('update box set amount = amount + 1').catch(() => undefined);
    world.after(10_000, 'connection breaks', () => waiting.drop());
    await settle();
    expect(boxes()).toEqual([[1, 10n]]);
    await ask(holder, 'COMMIT');
    await settle();
    expect(boxes()).toEqual([[1, 21n]]);
  });

  it('commits what has arrived, though the answer is lost, and commits nothing that is lost on its way', async () => {
    fates = { 'database.commit:sent': ['reply lost', 'lost'] };
    for (const id of [1, 2]) {
      const session = await connect();
      await ask(session, 'START TRANSACTION');
      await ask(session, INSERT, id, 10);
      expect(String(await ask(session, 'COMMIT'))).toContain('terminated');
    }
    await settle();
    expect(boxes()).toEqual([[1, 10n]]);
  });

  it('refuses everything behind an error until the transaction is ended, which is then rolled back', async () => {
    const session = await connect();
    await ask(session, 'START TRANSACTION');
    await ask(session, INSERT, 1, 10);
    expect(await ask(session, INSERT, 1, 10)).toMatchObject({ code: '23505', constraint: 'box_pkey' });
    expect(session.status).toBe('E');
    expect(await ask(session, INSERT, 2, 10)).toMatchObject({ code: '25P02' });
    await ask(session, 'COMMIT');
    expect([boxes(), session.status]).toEqual([[], 'I']);
  });

  it('tells a write’s rows and its count apart: without RETURNING there are no rows', async () => {
    const source = new SimulatedDataSource(server, owner);
    expect(await outcomeOf(() => source.query(INSERT, [1, 10]))).toEqual([]);
    expect(await outcomeOf(() => source.query('update box set amount = 1'))).toEqual([[], 1]);
    expect(await outcomeOf(() => source.query('delete from box returning id'))).toEqual([[{ id: 1 }], 1]);
  });

  it('has its errors reach the program as TypeORM’s, with the statement and the server’s code', async () => {
    const source = new SimulatedDataSource(server, owner);
    await outcomeOf(() => source.query(INSERT, [1, 10]));
    const error = await outcomeOf(() => source.query(INSERT, [1, 10]));
    expect(error).toBeInstanceOf(QueryFailedError);
    expect(error).toMatchObject({ query: INSERT, driverError: { code: '23505' } });
  });

  it('lends no more connections than its pool has; who waits gets the next that is given back', async () => {
    const source = new SimulatedDataSource(server, owner, 1);
    const one = source.createQueryRunner();
    await outcomeOf(() => one.connect());
    const order: string[] = [];
    const waiting = outcomeOf(() => source.query('select id from box').then(() => order.push('answered')));
    world.after(5_000, 'release', () => {
      order.push('released');
      void one.release();
    });
    await waiting;
    expect(order).toEqual(['released', 'answered']);
  });

  it('breaks one of two off that wait for each other', async () => {
    const [one, other] = [await connect(), await connect()];
    await ask(one, INSERT, 1, 10);
    await ask(one, INSERT, 2, 10);
    for (const session of [one, other]) await ask(session, 'START TRANSACTION');
    await ask(one, 'update box set amount = 1 where id = 1');
    await ask(other, 'update box set amount = 2 where id = 2');
    const first = outcomeOf(() => one.query('update box set amount = 1 where id = 2'));
    const second = await outcomeOf(() => other.query('update box set amount = 2 where id = 1'));
    expect([second, server.database.deadlocks]).toMatchObject([{ code: '40P01' }, 1]);
    expect(await first).toMatchObject({ rowCount: 1 });
  });
});
