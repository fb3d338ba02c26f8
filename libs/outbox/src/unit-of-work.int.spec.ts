import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, RecordedLog } from '@app/nats/testing';
import {
  DataSource,
  type DataSourceOptions,
  type EntityManager,
  type EntitySubscriberInterface,
} from 'typeorm';
import { emitting, notes, noteWritten, type Notes } from '../testing/notes.js';
import { OutboxFixture } from '../testing/outbox-fixture.js';
import { CommitUnknownError, TransactionAbortedError } from './outbox.errors.js';
import { OutboxStrategy } from './strategies/outbox.strategy.js';
import { UnitOfWork, type IsolationLevel } from './unit-of-work.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(30_000);

/** Whoever inserts a `slow_note` waits for this advisory lock while it commits. */
const COMMIT_GATE = 7;

let fixture: OutboxFixture;
let single: DataSource;
let log: RecordedLog;
const wake = jest.fn();

beforeAll(async () => {
  fixture = await OutboxFixture.create();
  await fixture.dataSource.query(`
    create table slow_note (text text primary key);
    create function wait_at_commit() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock_shared(${COMMIT_GATE}); return null; end $$;
    create constraint trigger wait_at_commit after insert on slow_note
      deferrable initially deferred for each row execute function wait_at_commit();
    create table fatal_note (text text primary key);
    create function die_at_commit() returns trigger language plpgsql as
      $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
    create constraint trigger die_at_commit after insert on fatal_note
      deferrable initially deferred for each row execute function die_at_commit()`);
  log = RecordedLog.start();
});
afterEach(async () => {
  if (single?.isInitialized) await single.destroy();
  await fixture.clear();
  log.lines.length = 0;
});
afterAll(() => fixture.drop());

const on = (dataSource: DataSource) =>
  new UnitOfWork<Notes>(dataSource, new OutboxStrategy(fixture.tables, { wake }), notes);
const unitOfWork = () => on(fixture.dataSource);
const written = () => fixture.count('select count(*) from note');
const messages = () => fixture.count('select count(*) from outbox_message');

/** A unit of work on a pool of one connection: one that is not given back is missed at once. */
async function onSingle(options: object = {}): Promise<UnitOfWork<Notes>> {
  const shared = { ...fixture.dataSource.options, ...options, poolSize: 1 };
  single = await new DataSource(shared as DataSourceOptions).initialize();
  return on(single);
}

const pidOf = async (manager: EntityManager) =>
  (await manager.query<[{ pid: number }]>('select pg_backend_pid() as pid'))[0].pid;

const errorOf = (running: Promise<unknown>) =>
  running.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

describe('writers of one key at once', () => {
  it.each([undefined, 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'] as const)(
    'under %s all commit, and their events are numbered without a gap',
    async (isolation: IsolationLevel | undefined) => {
      const work = unitOfWork();
      let runs = 0;
      const write = (nth: number) =>
        work.run(
          async ({ manager, emit }) => {
            runs++;
            // Read and write one row, so that they meet outside the outbox too.
            await manager.query('select count(*) from note');
            await manager.query('insert into note values ($1)', [`${nth}`]);
            emit(noteWritten('a', `${nth}`));
            if (nth % 2) emit(noteWritten(`book ${nth % 3}`, `${nth}`));
          },
          { ...(isolation && { isolation }), attemptsMax: 200 },
        );
      await Promise.all(Array.from({ length: 24 }, (_, nth) => write(nth)));

      expect(await written()).toBe(24);
      const rows = await fixture.messages();
      const ofA = rows.filter(({ key }) => key === 'a');
      expect(ofA.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 24 }, (_, n) => n + 1));
      expect(new Set(ofA.map(({ text }) => text)).size).toBe(24);
      expect(rows).toHaveLength(36);
      // Each of the four keys has its lane, once: none was made from a stale reading.
      expect(await fixture.count('select count(*) from outbox_lane')).toBe(4);
      if (isolation === 'SERIALIZABLE' || isolation === 'REPEATABLE READ') expect(runs).toBeGreaterThan(24);
      else expect(runs).toBe(24);
    },
  );

  it('that deadlock in their own tables are run again, and all of them commit', async () => {
    await fixture.dataSource.query(`insert into note values ('x'), ('y')`);
    const work = unitOfWork();
    let firstLocked = 0;
    let runs = 0;
    const update = ([first, second]: readonly [string, string]) =>
      work.run(async ({ manager, emit }) => {
        runs++;
        await manager.query('select from note where text = $1 for update', [first]);
        firstLocked++;
        await eventually('both hold their first row', () => firstLocked >= 2);
        await manager.query('select from note where text = $1 for update', [second]);
        emit(noteWritten('a', first));
      });
    await Promise.all([update(['x', 'y']), update(['y', 'x'])]);
    expect(runs).toBe(3);
    expect(await messages()).toBe(2);
  });
});

describe('what COMMIT would not keep', () => {
  it('is not taken for committed after the error of a statement was caught', async () => {
    const running = unitOfWork().run(async ({ manager }) => {
      await manager.query(`insert into note values ('hello')`);
      await manager.query(`insert into note values ('hello')`).catch(() => undefined);
    });
    await expect(running).rejects.toThrow(TransactionAbortedError);
    expect(await written()).toBe(0);
  });

  it('is not taken for committed after the callback has ended the transaction itself', async () => {
    const running = unitOfWork().run(async ({ manager, emit }) => {
      await manager.query('rollback');
      emit(noteWritten('a'));
    });
    await expect(running).rejects.toThrow('ended inside its own callback');
    expect(await messages()).toBe(0);
  });

  it('a statement that fails within a savepoint is no harm', async () => {
    await unitOfWork().run(async ({ manager, emit }) => {
      await manager.query(`insert into note values ('hello')`);
      await manager
        .transaction((savepoint) => savepoint.query(`insert into note values ('hello')`))
        .catch(() => undefined);
      emit(noteWritten('a'));
    });
    expect([await written(), await messages()]).toEqual([1, 1]);
  });
});

describe('a COMMIT whose reply is lost', () => {
  it('is in doubt, and is not repeated: here it was committed', async () => {
    const holder = fixture.dataSource.createQueryRunner();
    await holder.query(`select pg_advisory_lock(${COMMIT_GATE})`);
    const work = await onSingle();
    let runs = 0;
    let cut!: () => void;
    const running = errorOf(
      work.run(async ({ manager, emit }) => {
        runs++;
        const client = (await manager.queryRunner!.connect()) as {
          connection: { stream: { destroy(): void } };
        };
        cut = () => client.connection.stream.destroy();
        await manager.query(`insert into slow_note values ('hello')`);
        emit(noteWritten('a'));
      }),
    );
    await eventually('its COMMIT waits', async () => (await fixture.waitingForLocks()) === 1);
    cut();
    const error = await running;
    await holder.query(`select pg_advisory_unlock(${COMMIT_GATE})`);
    await holder.release();
    expect(error).toBeInstanceOf(CommitUnknownError);
    expect(String(error?.cause)).toContain('Connection terminated');
    await eventually('the server commits', async () => (await messages()) === 1);
    expect(runs).toBe(1);
    // The connection is gone, and the pool of one has another.
    await work.run(emitting(noteWritten('b')));
    expect(await messages()).toBe(2);
  });

  it('is in doubt when the server ends the session: here it was not committed', async () => {
    const work = await onSingle();
    const error = await errorOf(
      work.run(async ({ manager, emit }) => {
        await manager.query(`insert into fatal_note values ('hello')`);
        emit(noteWritten('a'));
      }),
    );
    expect(error).toBeInstanceOf(CommitUnknownError);
    expect(error?.cause).toMatchObject({ driverError: { code: '57P01' } });
    expect(await messages()).toBe(0);
    await work.run(emitting(noteWritten('b')));
    expect(await messages()).toBe(1);
  });

  it('because the client would wait no longer, does not put the busy connection back into the pool', async () => {
    const holder = fixture.dataSource.createQueryRunner();
    await holder.query(`select pg_advisory_lock(${COMMIT_GATE})`);
    const work = await onSingle({ extra: { query_timeout: 300 } });
    let pid = 0;
    const error = await errorOf(
      work.run(async ({ manager, emit }) => {
        pid = await pidOf(manager);
        await manager.query(`insert into slow_note values ('patience')`);
        emit(noteWritten('a'));
      }),
    );
    expect(error).toBeInstanceOf(CommitUnknownError);
    expect(await work.run(({ manager }) => pidOf(manager))).not.toBe(pid);
    await holder.query(`select pg_advisory_unlock(${COMMIT_GATE})`);
    await holder.release();
  });
});

describe('a connection that dies inside the transaction', () => {
  it('during a statement: the error is told, and the pool of one goes on', async () => {
    const work = await onSingle();
    const running = work.run(async ({ manager, emit }) => {
      emit(noteWritten('a'));
      await manager.query('select pg_terminate_backend(pg_backend_pid())');
    });
    await expect(running).rejects.toMatchObject({ driverError: { code: '57P01' } });
    await work.run(emitting(noteWritten('b')));
    expect(await messages()).toBe(1);
  });

  it('between two statements: nothing is committed, nothing is in doubt, and the pool of one goes on', async () => {
    const work = await onSingle();
    const running = errorOf(
      work.run(async ({ manager, emit }) => {
        await manager.query(`insert into note values ('hello')`);
        emit(noteWritten('a'));
        await fixture.dataSource.query('select pg_terminate_backend($1)', [await pidOf(manager)]);
        await eventually('the death is noticed', () => manager.queryRunner!.isReleased);
      }),
    );
    const error = await running;
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(CommitUnknownError);
    await work.run(emitting(noteWritten('b')));
    expect([await written(), await messages()]).toEqual([0, 1]);
  });

  it('with a rollback that is not answered: the busy connection does not go back into the pool', async () => {
    const work = await onSingle({ extra: { query_timeout: 300 } });
    let pid = 0;
    const running = work.run(async ({ manager }) => {
      pid = await pidOf(manager);
      await manager.query('select pg_sleep(5)');
    });
    await expect(running).rejects.toThrow('timeout');
    expect(await work.run(({ manager }) => pidOf(manager))).not.toBe(pid);
  });

  it('many failures and successes leave no connection behind', async () => {
    const work = await onSingle();
    for (let nth = 0; nth < 20; nth++) {
      await errorOf(
        work.run(async ({ manager, emit }) => {
          emit(noteWritten('a'));
          await manager.query(nth % 2 ? 'select 1' : 'select 1 / 0');
        }),
      );
    }
    expect(await messages()).toBe(10);
  });
});

describe('somebody’s subscriber to transactions', () => {
  const failing = (
    step: 'beforeTransactionCommit' | 'afterTransactionCommit',
  ): EntitySubscriberInterface => ({
    [step]: () => Promise.reject(new Error(`no ${step}`)),
  });

  it('that fails before the COMMIT rolls it back', async () => {
    const work = await onSingle();
    single.subscribers.push(failing('beforeTransactionCommit'));
    await expect(work.run(emitting(noteWritten('a')))).rejects.toThrow('no beforeTransactionCommit');
    expect(await messages()).toBe(0);
  });

  it('that fails after the COMMIT undoes nothing: it is logged, and the events are delivered', async () => {
    const work = await onSingle();
    single.subscribers.push(failing('afterTransactionCommit'));
    await work.run(emitting(noteWritten('a')));
    expect(await messages()).toBe(1);
    expect(wake).toHaveBeenCalledTimes(1);
    expect(log.lines.join('\n')).toContain('Committed, and a subscriber');
  });
});
