import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@app/nats/testing';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { emitting, noteWritten } from '../../testing/notes.js';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import { Tables } from '../schema/tables.js';
import { OutboxStrategy } from '../strategies/outbox.strategy.js';
import { HintListener, HintSender } from './hints.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(30_000);

let fixture: OutboxFixture;
/** Somebody else's pool. */
let elsewhere: DataSource;
const ends: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  fixture = await OutboxFixture.create();
  elsewhere = await fixture.open();
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  jest.restoreAllMocks();
});
afterAll(() => fixture.drop());

/** A listener on the other pool, and how often it woke its relay. */
function listen(tables = fixture.tables, dataSource = elsewhere) {
  const wake = jest.fn();
  const listener = new HintListener(dataSource, tables, { wake });
  ends.push(() => listener.stop());
  listener.start();
  return { listener, wake, woken: () => wake.mock.calls.length };
}

function sender(tables = fixture.tables): HintSender {
  const hints = new HintSender(fixture.dataSource, tables);
  ends.push(() => hints.stop());
  return hints;
}

/** The statements that the writers' pool runs from now on. */
function recordedStatements(): string[] {
  const statements: string[] = [];
  jest.spyOn(fixture.dataSource.logger, 'logQuery').mockImplementation((sql) => void statements.push(sql));
  return statements;
}

const listeners = () =>
  fixture.count(
    `select count(*) from pg_stat_activity where datname = current_database() and query like 'listen %'`,
  );

const checkedOut = (dataSource: DataSource) => {
  const { master } = dataSource.driver as unknown as {
    master: { readonly totalCount: number; readonly idleCount: number };
  };
  return master.totalCount - master.idleCount;
};

describe('a hint', () => {
  it('is heard by a relay on another pool, which is also woken once it listens', async () => {
    const { woken } = listen();
    await eventually('it listens', () => woken() === 1);
    sender().wake();
    await eventually('it is woken', () => woken() === 2);
  });

  it('is one statement for a hundred commits, and wakes once', async () => {
    const { woken } = listen();
    await eventually('it listens', () => woken() === 1);
    const statements = recordedStatements();
    const hints = sender();
    for (let commits = 0; commits < 100; commits++) hints.wake();
    await eventually('it is woken', () => woken() > 1);
    // A second hint, behind the first one: had there been a hundred, they would have come before it.
    hints.wake();
    await eventually('it is woken again', () => woken() > 2);
    expect(woken()).toBe(3);
    expect(statements).toEqual(Array(2).fill(`select pg_notify($1, '')`));
  });

  it('is sent when the writer has committed, and nothing of it is in the writer’s transaction', async () => {
    const { woken } = listen();
    await eventually('it listens', () => woken() === 1);
    const statements = recordedStatements();
    const strategy = new OutboxStrategy(fixture.tables, sender());
    await fixture.unitOfWork(strategy).run(emitting(noteWritten('a')));
    await eventually('it is woken', () => woken() === 2);
    expect(statements.map((sql) => sql.trim().split(/\s/)[0])).toEqual(['START', 'with', 'COMMIT', 'select']);
  });

  it('is for the relays of its own outbox only', async () => {
    const prefixed = new Tables({ prefix: 'billing_' });
    const [one, other] = [listen(), listen(prefixed)];
    await eventually('both listen', () => one.woken() === 1 && other.woken() === 1);
    sender(prefixed).wake();
    await eventually('the one with the prefix is woken', () => other.woken() === 2);
    sender().wake();
    await eventually('the other is woken', () => one.woken() === 2);
    expect(other.woken()).toBe(2);
  });

  it('that cannot be sent is told, and harms nobody', async () => {
    const closed = await fixture.open();
    await closed.destroy();
    const warned = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const hints = new HintSender(closed, fixture.tables);
    hints.wake();
    await eventually('it is told', () => warned.mock.calls.length === 1);
    expect(warned.mock.calls[0]?.[0]).toMatch(/^No hint was sent to the relay; it polls: /);
  });

  it('is not sent once its sender has stopped', async () => {
    const statements = recordedStatements();
    const hints = sender();
    hints.wake();
    hints.stop();
    const later = sender();
    later.wake();
    await eventually('a later one is sent', () => statements.length > 0);
    expect(statements).toHaveLength(1);
  });
});

describe('a listener', () => {
  it('gets another connection when its own is lost, and looks for what it has missed', async () => {
    const { woken } = listen();
    await eventually('it listens', () => woken() === 1);
    expect(
      await fixture.count(`
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and query like 'listen %'`),
    ).toBe(1);
    await eventually('it listens again', () => woken() === 2);
    sender().wake();
    await eventually('it is woken', () => woken() === 3);
    expect(checkedOut(elsewhere)).toBe(1);
  });

  it('goes on trying while there is no database', async () => {
    const { woken } = listen();
    await eventually('it listens', () => woken() === 1);
    let refused = 0;
    const create = elsewhere.createQueryRunner.bind(elsewhere);
    jest.spyOn(elsewhere, 'createQueryRunner').mockImplementation(() => {
      const runner = create();
      if (++refused <= 2) jest.spyOn(runner, 'connect').mockRejectedValue(new Error('no database'));
      return runner;
    });
    await fixture.dataSource.query(`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like 'listen %'`);
    await eventually('it listens again', () => woken() === 2);
    expect(refused).toBe(3);
    expect(checkedOut(elsewhere)).toBe(1);
  });

  it('holds one connection, however often it is started, and gives it back, deaf, when it stops', async () => {
    const { listener, woken, wake } = listen();
    listener.start();
    await eventually('it listens', () => woken() === 1);
    expect([checkedOut(elsewhere), await listeners()]).toEqual([1, 1]);
    await listener.stop();
    await listener.stop();
    expect(checkedOut(elsewhere)).toBe(0);
    // The connection itself is kept, and hears nothing more.
    const { wake: heard, woken: alive } = listen(fixture.tables, await fixture.open());
    await eventually('another listens', () => alive() === 1);
    sender().wake();
    await eventually('the other one is woken', () => heard.mock.calls.length === 2);
    expect(wake).toHaveBeenCalledTimes(1);
    expect(await elsewhere.query('select * from pg_listening_channels()')).toEqual([]);
  });

  it('stops at once in its pause between two connections', async () => {
    const closed = await fixture.open();
    await closed.destroy();
    const tries = jest.spyOn(closed, 'createQueryRunner');
    const { listener } = listen(fixture.tables, closed);
    await eventually('it has tried', () => tries.mock.calls.length > 0);
    await listener.stop();
    const tried = tries.mock.calls.length;
    await new Promise(setImmediate);
    expect(tries).toHaveBeenCalledTimes(tried);
  });
});
