import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { until } from '../../parts/deadline.js';
import { startPostgres, type PostgresPart } from '../../parts/postgres/postgres.part.js';
import type { StatementOutcome } from './journal.js';
import { playScript, type Step } from './play-script.js';
import { PostgresReplay } from './postgres-replay.js';
import { RealDatabase } from './real-database.js';

jest.setTimeout(120_000);

const MIGRATIONS = [
  `create table box (
     id int primary key, amount bigint not null check (amount >= 0), label text, mark xid8,
     changed_at timestamptz not null default clock_timestamp())`,
  'create unique index box_label on box (label) where label is not null',
  'create table slip (id int primary key, box_id int not null references box)',
];

const FILL: readonly Step[] = [
  ['setup', `insert into box (id, amount, label) values (1, 10, 'one'), (2, 20, null), (3, 30, null)`],
  ['setup', 'commit'],
];
const UPDATE_1 = 'update box set amount = amount + $1::bigint where id = 1 returning amount';
const ALL = 'select id, amount, label from box order by id';

/** By their titles: what is played on both, and what each statement comes to in short. */
const SCRIPTS: Readonly<Record<string, readonly [steps: readonly Step[], outcomes: readonly string[]]>> = {
  'an update waits for another one of its row, and adds to what that has left': [
    [
      ['a', UPDATE_1, 5],
      ['b', UPDATE_1, 7],
      ['a', 'commit'],
      ['b', 'commit'],
    ],
    ['1', 'waits', '1'],
  ],
  'an update that has waited for one that is rolled back changes what was there before': [
    [
      ['a', UPDATE_1, 5],
      ['b', UPDATE_1, 7],
      ['a', 'rollback'],
      ['b', 'commit'],
    ],
    ['1', 'waits', '1'],
  ],
  'an update that has waited passes a row over that no longer meets its condition': [
    [
      ['a', 'update box set amount = 0 where id = 1'],
      ['b', 'update box set amount = amount + 1 where amount >= 10 returning id'],
      ['a', 'commit'],
      ['b', 'commit'],
    ],
    ['1', 'waits', '2'],
  ],
  'an update does not find a row that has come to meet its condition while it waited': [
    [
      ['a', 'update box set amount = amount + 100'],
      ['b', 'update box set amount = 1 where amount > 125 or id = 1 returning id'],
      ['a', 'commit'],
      ['b', 'commit'],
    ],
    ['3', 'waits', '1'],
  ],
  'a row that was deleted meanwhile is gone for who waited for it': [
    [
      ['a', 'delete from box where id = 1'],
      ['b', UPDATE_1, 7],
      ['a', 'commit'],
      ['b', 'commit'],
    ],
    ['1', 'waits', '0'],
  ],
  'a lock that skips what is locked takes the others, and one behind a limit takes the next': [
    [
      ['a', 'select id from box where id = 1 for update'],
      ['b', 'select id from box order by id limit 1 for update skip locked'],
      ['c', 'select id from box order by id for update skip locked'],
      ['c', 'commit'],
      ['b', 'commit'],
      ['a', 'commit'],
    ],
    ['1', '1', '1'],
  ],
  'a lock of no key waits for an update, and reads what that has left': [
    [
      ['a', UPDATE_1, 5],
      ['b', `${ALL} for no key update`],
      ['a', 'commit'],
      ['b', 'commit'],
    ],
    ['1', 'waits', '3'],
  ],
  'an advisory lock is held until the end of its transaction, and is the own one’s to take again': [
    [
      ['a', 'select pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) as locked', 'k'],
      ['a', 'select pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) as locked', 'k'],
      ['b', 'select pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) as locked', 'k'],
      ['b', 'select pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) as locked', 'l'],
      ['a', 'rollback'],
      ['b', 'select pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) as locked', 'k'],
      ['b', 'commit'],
    ],
    ['1', '1', '1', '1', '1'],
  ],
  'an insert waits for who inserts the same key, and violates it when that commits': [
    [
      ['a', 'insert into box (id, amount) values (4, 1)'],
      ['b', 'insert into box (id, amount) values (4, 2)'],
      ['a', 'commit'],
    ],
    ['1', 'waits', '23505 box_pkey'],
  ],
  'an insert that waited for one that is rolled back is done': [
    [
      ['a', 'insert into box (id, amount) values (4, 1)'],
      ['b', 'insert into box (id, amount) values (4, 2)'],
      ['a', 'rollback'],
      ['b', 'commit'],
    ],
    ['1', 'waits', '1'],
  ],
  'an insert waits for who deletes its key, and is done when that commits': [
    [
      ['a', 'delete from box where id = 1'],
      ['b', 'insert into box (id, amount) values (1, 2)'],
      ['a', 'commit'],
      ['b', 'commit'],
    ],
    ['1', 'waits', '1'],
  ],
  'on conflict do nothing waits too, and does nothing': [
    [
      ['a', 'insert into box (id, amount) values (4, 1)'],
      ['b', 'insert into box (id, amount) values (4, 2) on conflict do nothing returning id'],
      ['a', 'commit'],
      ['b', ALL],
      ['b', 'commit'],
    ],
    ['1', 'waits', '0', '4'],
  ],
  'on conflict do update changes a row that its snapshot does not see': [
    [
      ['a', 'insert into box (id, amount) values (4, 1)'],
      [
        'b',
        `insert into box as known (id, amount) values (4, 2)
         on conflict (id) do update set amount = known.amount + excluded.amount returning amount`,
      ],
      ['a', 'commit'],
      ['b', 'commit'],
    ],
    ['1', 'waits', '1'],
  ],
  'on conflict do update with a condition that is false writes nothing and returns nothing': [
    [
      [
        'a',
        `insert into box as known (id, amount) values (1, 2)
         on conflict (id) do update set amount = 0 where known.amount > 10 returning amount`,
      ],
      ['b', `select id from box order by id for update skip locked`],
      ['a', 'commit'],
      ['b', 'commit'],
    ],
    ['0', '2'],
  ],
  'a partial unique index holds for the rows that it is of, and for no others': [
    [
      ['a', `insert into box (id, amount, label) values (4, 1, null), (5, 1, 'two') returning id`],
      ['b', `insert into box (id, amount, label) values (6, 1, 'one')`],
      ['a', 'commit'],
    ],
    ['2', '23505 box_label'],
  ],
  'each statement sees what was committed when it came, and what its own transaction has written before': [
    [
      ['a', ALL],
      ['b', UPDATE_1, 5],
      ['b', ALL],
      ['a', ALL],
      ['b', 'commit'],
      ['a', ALL],
      ['a', 'commit'],
    ],
    ['3', '1', '3', '3', '3'],
  ],
  'the parts of one statement do not see what the others write': [
    [
      [
        'a',
        `with written as (insert into box (id, amount) values (4, 1) returning id),
              changed as (update box set amount = amount + 1 where id >= 3 returning id)
         select (select count(*) from box) as seen, (select count(*) from written) as written,
                (select count(*) from changed) as changed`,
      ],
      ['a', ALL],
      ['a', 'commit'],
    ],
    ['1', '4'],
  ],
  'a check that fails, a null where none may be and a reference to nothing are errors by their constraints': [
    [
      ['a', 'update box set amount = amount - 11 where id = 1'],
      ['b', 'insert into box (id) values (4)'],
      ['c', 'insert into slip (id, box_id) values (1, 4)'],
    ],
    ['23514 box_amount_check', '23502 ', '23503 slip_box_id_fkey'],
  ],
  'what an error takes back is everything of its transaction': [
    [
      ['a', UPDATE_1, 5],
      ['a', 'insert into box (id, amount) values (2, 2)'],
      ['b', ALL],
      ['b', 'commit'],
    ],
    ['1', '23505 box_pkey', '3'],
  ],
  'the floor of a snapshot is the oldest transaction that has written or locked and has not ended': [
    [
      ['a', 'select id from box where id = 3 for update'],
      ['b', `update box set mark = pg_current_xact_id() where id = 1`],
      ['c', 'select pg_snapshot_xmin(pg_current_snapshot())::text as floor'],
      ['a', 'commit'],
      ['c', 'select pg_snapshot_xmin(pg_current_snapshot())::text as floor'],
      ['b', 'commit'],
      ['c', 'select pg_snapshot_xmin(pg_current_snapshot())::text as floor'],
      ['c', 'commit'],
    ],
    ['1', '1', '1', '1', '1'],
  ],
};

let postgres: PostgresPart;
let database: RealDatabase;

beforeAll(async () => {
  postgres = await startPostgres(console.warn);
  database = await RealDatabase.make(await postgres.createDatabase('sessions'), MIGRATIONS);
});
afterAll(async () => {
  await database.end();
  await postgres.stop();
});

function inShort(outcome: StatementOutcome): string {
  if (outcome === 'waits') return outcome;
  return 'error' in outcome ? `${outcome.error} ${outcome.constraint ?? ''}` : String(outcome.rows.length);
}

describe('the seeded database and PostgreSQL agree:', () => {
  it.each(Object.entries(SCRIPTS))('%s', async (title, [steps, outcomes]) => {
    const journal = playScript(title, MIGRATIONS, [...FILL, ...steps]);
    const [, ...of] = journal.entries.flatMap((entry) =>
      entry.kind === 'statement' ? [inShort(entry.outcome)] : [],
    );
    expect(of).toEqual(outcomes);
    const { differences, raced } = await new PostgresReplay(database, journal).play();
    expect({ differences, raced }).toEqual({ differences: [], raced: false });
  });
});

describe('PostgreSQL', () => {
  it('runs and commits a statement of its own that has arrived and waited, though its client is gone meanwhile', async () => {
    const url = await postgres.createDatabase('alone');
    const [holder, waiting] = [new Client(url), new Client(url)];
    await Promise.all([holder.connect(), waiting.connect()]);
    const ask = async (text: string) => (await holder.query<{ value: unknown }>(text)).rows[0]?.value;
    try {
      await holder.query('create table box (id int primary key, amount int)');
      await holder.query('insert into box values (1, 10)');
      await holder.query('begin');
      await holder.query('update box set amount = 20');
      waiting.on('error', () => undefined);
      waiting.query('update box set amount = amount + 1').catch(() => undefined);
      const waits = `select count(*)::int as value from pg_locks where not granted`;
      await until('the lock', 5_000, async () => ((await ask(waits)) === 1 ? true : undefined));
      waiting.connection.stream.destroy();
      await holder.query('commit');
      const amount = () => ask('select amount as value from box');
      await until('the update', 5_000, async () => ((await amount()) === 21 ? true : undefined));
    } finally {
      await holder.end();
    }
  });
});
