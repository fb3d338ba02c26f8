import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@app/nats/testing';
import { v4 as uuidv4 } from 'uuid';
import { announcedSteps } from '../../testing/announced-steps.js';
import { emptyTables } from '../../testing/empty-tables.js';
import { Gate } from '../../testing/gate.js';
import { InboxFixture, noteOf } from '../../testing/inbox-fixture.js';
import { emitting, noteWritten, type Notes } from '../../testing/notes.js';
import { InboxPartitionMissingError, UnacceptableMessageIdError } from '../outbox.errors.js';
import { DAY_MS } from '../retention/days.js';
import type { Transaction } from '../unit-of-work.js';
import type { Inbox } from './inbox.js';
import { acceptGap } from './sql/accept-gap.js';
import { openGaps } from './sql/read-open-gaps.js';
import { recordInInbox } from './sql/record-in-inbox.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(30_000);

const NOW = '2026-03-10T12:00:00Z';
const inDays = (days: number) => new Date(Date.parse(NOW) + days * DAY_MS);

let fixture: InboxFixture;
let inbox: Inbox<Notes>;

beforeAll(async () => {
  fixture = await InboxFixture.create({ at: NOW });
  inbox = fixture.inbox();
});
afterEach(async () => {
  await fixture.setClock(NOW);
  await emptyTables(fixture.sql, ['inbox_message', 'inbox_key', 'note']);
});
afterAll(() => fixture.drop());

const write =
  (text: string) =>
  async ({ manager }: Transaction<Notes>) => {
    await manager.query('insert into note values ($1)', [text]);
  };
const nothing = () => Promise.resolve();
const event = (text?: string) => noteOf('a', NOW, text);
const notes = () => fixture.count('select count(*) from note');
const repeats = (id: string) =>
  fixture.count('select coalesce(sum(repeats), -1) as count from inbox_message where id = $1', [id]);

describe('Inbox', () => {
  it('a message that comes again is not handled again, and its repeats are counted', async () => {
    const message = event();
    expect(await inbox.process(message, write('once'))).toBe('processed');
    expect(await inbox.process(message, write('twice'))).toBe('repeated');
    expect(await inbox.process(message, write('thrice'))).toBe('repeated');
    expect([await notes(), await repeats(message.id)]).toEqual([1, 2]);
  });

  it('the same id from another source is another message', async () => {
    const message = event();
    await inbox.process(message, write('here'));
    expect(await inbox.process({ ...message, source: '/elsewhere' }, write('elsewhere'))).toBe('processed');
    expect(await notes()).toBe(2);
  });

  it('rolls back with its handler, so that the message may come again', async () => {
    const message = { ...event(), sequence: '1' };
    const failing = inbox.process(message, async (transaction) => {
      await write('half')(transaction);
      transaction.emit(noteWritten('a', 'half'));
      throw new Error('the handler failed');
    });
    await expect(failing).rejects.toThrow('the handler failed');
    expect([await notes(), await repeats(message.id), await keys()]).toEqual([0, -1, []]);

    expect(await inbox.process(message, write('whole'))).toBe('processed');
    expect([await notes(), await repeats(message.id)]).toEqual([1, 0]);
  });

  it('commits what the handler emits with the record', async () => {
    const message = event();
    await inbox.process(message, emitting(noteWritten('a', 'answer')));
    await inbox.process(message, emitting(noteWritten('a', 'answer again')));
    expect(await fixture.sql.query('select text from note')).toEqual([{ text: 'answer' }]);
  });

  it('announces each of its steps', async () => {
    const message = event();
    expect(await announcedSteps(() => inbox.process(message, write('once')))).toEqual([
      'outbox.unit.begun',
      'inbox.recorded',
      'outbox.unit.worked',
      'outbox.unit.committing',
      'outbox.unit.committed',
      'inbox.committed',
    ]);
    const again = await announcedSteps(() => inbox.process(message, write('twice')));
    expect(again.filter((step) => step.startsWith('inbox.'))).toEqual(['inbox.repeated']);
  });

  it('of many deliveries at once one is handled, and the others are counted', async () => {
    const message = { ...event(), sequence: '1' };
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, n) => inbox.process(message, write(`delivery ${n}`))),
    );
    expect(outcomes.filter((outcome) => outcome === 'processed')).toHaveLength(1);
    expect([await notes(), await repeats(message.id)]).toEqual([1, 9]);
    expect(await keys()).toMatchObject([{ received: 1 }]);
  });

  it('a second delivery waits for the first, and is handled when that one fails', async () => {
    const message = event();
    const gate = new Gate();
    let handling = false;
    const first = inbox.process(message, async () => {
      handling = true;
      await gate.opened;
      throw new Error('the first failed');
    });
    const failure = expect(first).rejects.toThrow('the first failed');
    await eventually('the first is being handled', () => handling);
    const second = inbox.process(message, write('by the second'));
    await eventually('one delivery waits for the other', async () => (await fixture.waitingForLocks()) === 1);
    gate.open();
    await failure;
    expect(await second).toBe('processed');
    expect([await notes(), await repeats(message.id)]).toEqual([1, 0]);
  });

  it('costs one statement beside the handler’s', async () => {
    fixture.statements.length = 0;
    await inbox.process({ ...event(), sequence: '1' }, nothing);
    expect(fixture.statements.filter((statement) => /inbox_/.test(statement))).toHaveLength(1);
  });
});

describe('what the record of one message writes', () => {
  interface Versions {
    readonly inserted: number;
    readonly updated: number;
    readonly hot: number;
  }

  /** Row versions in this library's inbox, counted from before the statement until after it, in one transaction. */
  function versionsOf(message: ReturnType<typeof event>): Promise<Versions> {
    return fixture.dataSource.transaction(async (manager) => {
      const count = async () => {
        const [row] = await manager.query<Versions[]>(`
          select sum(pg_stat_get_xact_tuples_inserted(oid))::int as inserted,
                 sum(pg_stat_get_xact_tuples_updated(oid))::int as updated,
                 sum(pg_stat_get_xact_tuples_hot_updated(oid))::int as hot
          from pg_class where relkind = 'r' and relname like 'inbox%'`);
        return row!;
      };
      const before = await count();
      await recordInInbox(fixture.tables.on(manager), message);
      const after = await count();
      return {
        inserted: after.inserted - before.inserted,
        updated: after.updated - before.updated,
        hot: after.hot - before.hot,
      };
    });
  }

  it('is two row versions: its own, and one of its key that needs no index entry', async () => {
    await inbox.process({ ...event(), sequence: '1' }, nothing);
    expect(await versionsOf({ ...event(), sequence: '2' })).toEqual({ inserted: 1, updated: 1, hot: 1 });
  });

  it('is one without a number', async () => {
    expect(await versionsOf(event())).toEqual({ inserted: 1, updated: 0, hot: 0 });
  });

  it('is one for a repeat, which needs no index entry', async () => {
    const message = { ...event(), sequence: '1' };
    await inbox.process(message, nothing);
    expect(await versionsOf(message)).toEqual({ inserted: 0, updated: 1, hot: 1 });
  });
});

/** What is known of the keys. */
async function keys(): Promise<{ key: string; last: number; received: number; gap: boolean }[]> {
  return fixture.sql.query(`
    select key, first_sequence::int as first, last_sequence::int as last, received::int as received,
           gap_since is not null as gap
    from inbox_key order by key`);
}

describe('the numbers of a key', () => {
  /** Lets the numbers come in this order, and tells what was announced of each. */
  async function come(...numbers: number[]): Promise<string[][]> {
    const announced: string[][] = [];
    for (const number of numbers) {
      const steps = await announcedSteps(() => inbox.process({ ...event(), sequence: `${number}` }, nothing));
      announced.push(steps.filter((step) => /^inbox\.(out-of-order|gap-)/.test(step)));
    }
    return announced;
  }

  it('in order leave no gap, and are not spoken of', async () => {
    expect(await come(7, 8, 9)).toEqual([[], [], []]);
    expect(await keys()).toEqual([{ key: 'a', first: 7, last: 9, received: 3, gap: false }]);
  });

  it('one that is passed over opens a gap, and closes it when it comes, out of order', async () => {
    expect(await come(1, 4, 5, 3, 2, 6)).toEqual([
      [],
      ['inbox.gap-opened'],
      [],
      ['inbox.out-of-order'],
      ['inbox.out-of-order', 'inbox.gap-closed'],
      [],
    ]);
    expect(await keys()).toEqual([{ key: 'a', first: 1, last: 6, received: 6, gap: false }]);
  });

  it('before the first that came belong to the key too', async () => {
    expect(await come(5, 3)).toEqual([[], ['inbox.out-of-order', 'inbox.gap-opened']]);
    expect(await keys()).toEqual([{ key: 'a', first: 3, last: 5, received: 2, gap: true }]);
  });

  it('a number under two ids is not taken for one that is missing later', async () => {
    await come(1, 1, 3);
    expect(await keys()).toEqual([{ key: 'a', first: 1, last: 3, received: 2, gap: true }]);
  });

  it('a repeat does not touch its key', async () => {
    const message = { ...event(), sequence: '1' };
    const version = () => fixture.sql.query('select xmin, ctid, received from inbox_key');
    await inbox.process(message, nothing);
    const before = await version();
    await inbox.process(message, nothing);
    expect(await version()).toEqual(before);
  });

  it('of two sources are counted apart', async () => {
    await inbox.process({ ...event(), sequence: '1' }, nothing);
    await inbox.process({ ...event(), source: '/elsewhere', sequence: '5' }, nothing);
    expect(await keys()).toMatchObject([{ gap: false }, { gap: false }]);
  });

  it('an event without one has no key', async () => {
    await inbox.process(event(), nothing);
    expect(await keys()).toEqual([]);
  });

  it('a gap that stays is found, with what is missing, until it is closed or accepted', async () => {
    await come(1, 4);
    expect(await openGaps(fixture.sql, 60_000)).toEqual({ count: 0, examples: [] });
    await fixture.sql.query(`update inbox_key set gap_since = '2026-03-10T11:58:00Z'`);
    expect(await openGaps(fixture.sql, 60_000)).toMatchObject({
      count: 1,
      examples: [{ source: '/notes', key: 'a', firstSequence: 1n, lastSequence: 4n, missing: 2n }],
    });
    expect(await acceptGap(fixture.sql, '/notes', 'a')).toBe(true);
    expect(await acceptGap(fixture.sql, '/notes', 'a')).toBe(false);
    expect(await openGaps(fixture.sql, 60_000)).toMatchObject({ count: 0 });
    expect(await come(5)).toEqual([[]]);
  });
});

describe('a message whose id tells too little', () => {
  const handled = jest.fn<() => Promise<void>>();

  it.each([
    ['not a UUIDv7', () => ({ ...event(), id: uuidv4() }), 'it is not a UUIDv7'],
    ['older than what is kept', () => noteOf('a', inDays(-31)), 'it is older than what the inbox keeps'],
    ['of a day too far ahead', () => noteOf('a', inDays(8)), 'it is from a day too far ahead'],
  ])('%s is refused before its handler, and says that it is dead', async (_case, message, why) => {
    const refused = inbox.process(message(), handled);
    await expect(refused).rejects.toThrow(UnacceptableMessageIdError);
    await expect(refused).rejects.toMatchObject({ reason: 'expired', message: expect.stringContaining(why) });
    expect(handled).not.toHaveBeenCalled();
  });

  it('of the oldest day and of the last one are taken', async () => {
    expect(await inbox.process(noteOf('a', '2026-02-08T00:00:00.000Z'), nothing)).toBe('processed');
    expect(await inbox.process(noteOf('a', '2026-03-17T23:59:59.999Z'), nothing)).toBe('processed');
  });

  it('is judged by the database’s clock: when the partitions were not made, it may come again', async () => {
    await fixture.setClock('2026-03-20T12:00:00Z');
    const refused = inbox.process(noteOf('a', '2026-03-20T12:00:00Z'), handled);
    await expect(refused).rejects.toThrow(InboxPartitionMissingError);
    expect(handled).not.toHaveBeenCalled();
  });
});
