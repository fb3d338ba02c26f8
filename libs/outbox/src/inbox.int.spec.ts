import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@app/nats/testing';
import { announcedSteps } from '../testing/announced-steps.js';
import { Gate } from '../testing/gate.js';
import { emitting, noteWritten, type Notes } from '../testing/notes.js';
import { OutboxFixture } from '../testing/outbox-fixture.js';
import { Inbox } from './inbox.js';
import type { Transaction } from './unit-of-work.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(30_000);

let fixture: OutboxFixture;
let inbox: Inbox<Notes>;

beforeAll(async () => {
  fixture = await OutboxFixture.create();
  inbox = new Inbox<Notes>(fixture.unitOfWork());
});
afterEach(() => fixture.clear());
afterAll(() => fixture.drop());

const write =
  (text: string) =>
  async ({ manager }: Transaction<Notes>) => {
    await manager.query('insert into note values ($1)', [text]);
  };
const notes = () => fixture.count('select count(*) from note');
const repeats = (id: string) =>
  fixture.count('select coalesce(sum(repeats), -1) as count from inbox_message where id = $1', [id]);

describe('Inbox', () => {
  it('a message that comes again is not handled again, and its repeats are counted', async () => {
    const event = noteWritten('a');
    expect(await inbox.process(event, write('once'))).toBe('processed');
    expect(await inbox.process(event, write('twice'))).toBe('repeated');
    expect(await inbox.process(event, write('thrice'))).toBe('repeated');
    expect([await notes(), await repeats(event.id)]).toEqual([1, 2]);
  });

  it('the same id from another source is another message', async () => {
    const event = noteWritten('a');
    await inbox.process(event, write('here'));
    expect(await inbox.process({ ...event, source: '/elsewhere' }, write('elsewhere'))).toBe('processed');
    expect(await notes()).toBe(2);
  });

  it('rolls back with its handler, so that the message may come again', async () => {
    const event = noteWritten('a');
    const failing = inbox.process(event, async (transaction) => {
      await write('half')(transaction);
      transaction.emit(noteWritten('a', 'half'));
      throw new Error('the handler failed');
    });
    await expect(failing).rejects.toThrow('the handler failed');
    expect([await notes(), await repeats(event.id), await fixture.messages()]).toEqual([0, -1, []]);

    expect(await inbox.process(event, write('whole'))).toBe('processed');
    expect([await notes(), await repeats(event.id)]).toEqual([1, 0]);
  });

  it('commits what the handler emits with the record', async () => {
    const event = noteWritten('a', 'question');
    await inbox.process(event, emitting(noteWritten('a', 'answer')));
    await inbox.process(event, emitting(noteWritten('a', 'answer again')));
    expect(await fixture.messages()).toMatchObject([{ text: 'answer' }]);
  });

  it('announces each of its steps', async () => {
    const event = noteWritten('a');
    expect(await announcedSteps(() => inbox.process(event, write('once')))).toEqual([
      'inbox.recorded',
      'inbox.committed',
    ]);
    expect(await announcedSteps(() => inbox.process(event, write('twice')))).toEqual(['inbox.repeated']);
  });

  it('of many deliveries at once one is handled, and the others are counted', async () => {
    const event = noteWritten('a');
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, n) => inbox.process(event, write(`delivery ${n}`))),
    );
    expect(outcomes.filter((outcome) => outcome === 'processed')).toHaveLength(1);
    expect([await notes(), await repeats(event.id)]).toEqual([1, 9]);
  });

  it('a second delivery waits for the first, and is handled when that one fails', async () => {
    const event = noteWritten('a');
    const gate = new Gate();
    let handling = false;
    const first = inbox.process(event, async () => {
      handling = true;
      await gate.opened;
      throw new Error('the first failed');
    });
    const failure = expect(first).rejects.toThrow('the first failed');
    await eventually('the first is being handled', () => handling);
    const second = inbox.process(event, write('by the second'));
    await eventually('one delivery waits for the other', async () => (await fixture.waitingForLocks()) === 1);
    gate.open();
    await failure;
    expect(await second).toBe('processed');
    expect([await notes(), await repeats(event.id)]).toEqual([1, 0]);
  });
});
