import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { DeadlineError } from '../lab.errors.js';
import { matches, type AgentLine } from './agent-protocol.js';
import { StepBook } from './step-book.js';

const step = (name: string, detail = {}): AgentLine => ({ kind: 'step', step: name, at: 1, detail, pid: 7 });

describe('the book of steps', () => {
  function open() {
    const book = new StepBook();
    const pipe = new PassThrough();
    book.record(pipe);
    return { book, write: (line: AgentLine) => void pipe.write(`${JSON.stringify(line)}\n`) };
  }

  it('gives a step that was there before it was asked for, and one that comes later', async () => {
    const { book, write } = open();
    write(step('a'));
    expect(await book.waitForStep({ step: 'a' }, 1_000)).toMatchObject({ step: 'a', pid: 7 });
    const later = book.waitForStep({ step: 'a' }, 1_000, book.end);
    write(step('b'));
    write(step('a', { key: 'second' }));
    expect(await later).toMatchObject({ detail: { key: 'second' } });
    expect(book.since(1).map((one) => one.step)).toEqual(['b', 'a']);
  });

  it('says what came in its place when a step does not', async () => {
    const { book, write } = open();
    write(step('b', { key: 'k' }));
    const vain = book.waitForStep({ step: 'b', match: { key: 'other' } }, 50);
    await expect(vain).rejects.toThrow(DeadlineError);
    await expect(vain).rejects.toThrow('the last steps:\nb {"key":"k"}');
  });

  it('counts strikes, and knows what ran', async () => {
    const { book, write } = open();
    write({ kind: 'strike', step: 'a', at: 1, detail: {}, pid: 7, signal: 'SIGKILL' });
    write({ kind: 'mutant-ran', mutant: 'm#1', pid: 7 });
    write({ kind: 'awake', pid: 7 });
    expect(await book.waitForStrike(1, 1_000)).toMatchObject({ signal: 'SIGKILL' });
    await expect(book.waitForStrike(2, 50)).rejects.toThrow('strike number 2');
    expect([book.strikes.length, [...book.mutantsRun], book.awoken]).toEqual([1, ['m#1'], 1]);
  });

  it('tells answers apart', async () => {
    const { book, write } = open();
    const [first, second] = [book.answerTo(1), book.answerTo(2)];
    write({ kind: 'answer', agentMessage: 2, refused: 'no' });
    write({ kind: 'answer', agentMessage: 1 });
    expect(await second.received).toMatchObject({ refused: 'no' });
    expect(await first.received).not.toHaveProperty('refused');
  });
});

describe('a match', () => {
  it.each([
    [{}, true],
    [{ key: 'k' }, true],
    [{ key: 'k', channel: 'c' }, true],
    [{ key: 'k', channel: 'other' }, false],
    [{ ids: 'one of them' }, true],
    [{ ids: 'none of them' }, false],
    [{ absent: 1 }, false],
  ])('%j: %s', (wanted, fits) => {
    expect(matches({ key: 'k', channel: 'c', ids: ['one of them', 'another'] }, wanted)).toBe(fits);
  });
});
