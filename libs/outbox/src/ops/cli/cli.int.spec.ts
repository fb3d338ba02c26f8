import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { noteWritten } from '../../../testing/notes.js';
import { OperationsFixture } from '../../../testing/operations-fixture.js';
import { runOutboxCommand } from './cli.js';

jest.setTimeout(30_000);

let fixture: OperationsFixture;

beforeAll(async () => {
  fixture = await OperationsFixture.create();
});
beforeEach(() => {
  for (const level of ['warn', 'error'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
});
afterEach(async () => {
  await fixture.clear();
  jest.restoreAllMocks();
});
afterAll(() => fixture.drop());

/** Runs the command on the spec's database. */
async function run(...commandLine: string[]) {
  const said = { code: 0, told: '', complained: '' };
  said.code = await runOutboxCommand(commandLine, {
    environment: { DATABASE_URL: fixture.url },
    tell: (text) => void (said.told += text),
    complain: (text) => void (said.complained += text),
  });
  return said;
}

/** What it gave as data. */
async function data(...commandLine: string[]): Promise<Record<string, unknown>> {
  const { code, told, complained } = await run(...commandLine, '--json');
  expect([code, complained]).toEqual([0, '']);
  return JSON.parse(told) as Record<string, unknown>;
}

async function blocked(book = 'a') {
  const event = noteWritten(book, 'bad');
  await fixture.outbox.emit(event, noteWritten(book, 'behind'));
  fixture.bus.refuses.add('bad');
  await fixture.deliver();
  fixture.bus.refuses.clear();
  return event.id;
}

describe('outbox list', () => {
  it('is a table for people, and says how it goes on', async () => {
    const [first, second] = [await blocked('a'), await blocked('b')];
    const { code, told } = await run('list', '--limit', '1');
    const [head, row, empty, more] = told.split('\n');
    expect(code).toBe(0);
    expect(head).toMatch(/^id +key +sequence +type +policy +attempts +failures +error +createdAt +parkedAt$/);
    expect(row).toMatch(new RegExp(`^${first} +a +1 +note.written +block +1 +1 +PublishRefusedError.*Z$`));
    expect(row?.indexOf('note.written')).toBe(head?.indexOf('type'));
    expect(empty).toBe('');
    const [, after = ''] = /^more: --after (.+)$/.exec(more ?? '') ?? [];
    expect((await run('list', '--after', after)).told).toContain(second);
    expect((await run('list', '--state', 'dead')).told).toBe('nothing\n');
  });

  it('is data on request, every number whole', async () => {
    const id = await blocked();
    expect(await data('list', '--state', 'blocked')).toEqual({
      items: [expect.objectContaining({ state: 'blocked', id, key: 'a', sequence: '1', waitingBehind: '1' })],
    });
  });

  it('shows no control character of an error', async () => {
    await blocked();
    await fixture.outbox.dataSource.query(`update outbox_parked set error = E'red\\x1b[31m\\nnext'`);
    const { told } = await run('list');
    expect(told).toContain('red [31m next');
    expect(told).not.toContain('\u001b');
  });
});

describe('outbox show', () => {
  it('tells a message whole, its envelope in lines', async () => {
    const id = await blocked();
    const { told } = await run('show', id);
    expect(told).toMatch(new RegExp(`^state +parked\nid +${id}\nkey +a\n`));
    expect(told).toContain('"text": "bad"');
    expect(await data('show', id)).toMatchObject({ id, state: 'parked', lane: { state: 'blocked' } });
    expect((await run('show', await fixture.bury('no JSON\n'))).told).toContain('"no JSON\\n"');
  });

  it('fails where there is nothing', async () => {
    expect(await run('show', uuidv7())).toEqual({
      code: 1,
      told: '',
      complained: 'There is no message of this id, or no longer\n',
    });
  });
});

describe('what is parked', () => {
  it('goes out again after outbox requeue: by id, by key, by type', async () => {
    const [a, b, c] = [await blocked('a'), await blocked('b'), await blocked('c')];
    expect((await run('requeue', a)).told).toBe(`1 requeued\n${a}\n`);
    expect(await data('requeue', '--key', 'b')).toEqual({ requeued: [b] });
    expect(await data('requeue', '--type', 'note.written')).toEqual({ requeued: [c] });
    await fixture.deliver();
    expect(fixture.texts).toHaveLength(6);
  });

  it('is gone after outbox drop', async () => {
    const id = await blocked();
    const { told, complained } = await run('drop', id, '--reason', 'not wanted');
    expect(told).toBe(`1 dropped\n${id}\n`);
    expect(complained).toMatch(
      new RegExp(
        `^Dropped \\(not wanted\\): parked note.written ${id}, number 1 of key a: \\{.*"bad".*\\}\n$`,
      ),
    );
    expect(await run('drop', id, '--reason', 'twice')).toEqual({
      code: 1,
      told: '',
      complained: `Neither parked nor dead letters, so nothing was changed: ${id}\n`,
    });
  });
});

describe('outbox stats', () => {
  it('tells the numbers', async () => {
    await blocked();
    const { told } = await run('stats');
    expect(told).toMatch(
      /^pending +2\ncapped +false\noldestPendingAgeMs +\d+\nready +0\ndue +0\nleased +0\nblocked +1\n/,
    );
    expect(told).toContain('leases: none');
    expect(told).toMatch(/parked:\ntype +policy +count\nnote.written +block +1\n/);
    expect(await data('stats')).toMatchObject({ pending: '2', lanes: { blocked: 1 } });
  });
});

describe('what is settled', () => {
  it('goes out again after outbox replay', async () => {
    await fixture.outbox.emit(noteWritten('a', '1'), noteWritten('a', '2'));
    await fixture.deliver();
    expect((await run('replay', '--key', 'a', '--limit', '1')).told).toBe(
      '1 replayed; more fit, and were left out by the limit\n',
    );
    expect(await data('replay', '--key', 'b')).toEqual({ replayed: 0, more: false });
  });

  it('goes out again after outbox reconcile, where the inbox has not seen it', async () => {
    const [seen, missing] = [noteWritten('a', '1'), noteWritten('a', '2')];
    await fixture.outbox.emit(seen, missing);
    await fixture.deliver();
    const insert = `insert into inbox_message (source, id, type) values ('/notes', $1, 'note.written')`;
    await fixture.outbox.dataSource.query(insert, [seen.id]);
    fixture.bus.published.length = 0;
    const to = new Date(Date.now() + 3_600_000).toISOString();
    expect((await run('reconcile', '--inbox', fixture.url, '--to', to)).told).toBe(
      `1 sent again\n${missing.id}\n`,
    );
    await fixture.deliver();
    expect(fixture.texts).toEqual(['2']);
  });
});

describe('a command that cannot be carried out', () => {
  it('names everything that is wrong with its line, tells how it is used, and exits with 2', async () => {
    const { code, told, complained } = await run('list', '--state', 'lost', '--colour=red');
    expect([code, told]).toEqual([2, '']);
    expect(complained).toMatch(/^--state: expected .*\n--colour is not an option of list\n\nnpm run outbox/);
  });

  it('fails where the database is not there, and says why', async () => {
    const { code, complained } = await run('stats', '--database', 'postgres://me@127.0.0.1:1/x');
    expect(code).toBe(1);
    expect(complained).toContain('ECONNREFUSED');
  });

  it('tells how it is used when it is asked', async () => {
    expect(await run('--help')).toMatchObject({
      code: 0,
      told: expect.stringMatching(/^npm run outbox/),
      complained: '',
    });
  });
});
