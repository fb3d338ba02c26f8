import { describe, expect, it } from '@jest/globals';
import { Limiter } from './limiter.js';

/** A task that runs until it is told to end, and notes that it started. */
function taskInHand(started: string[], name: string) {
  let end = () => {};
  const task = () =>
    new Promise<string>((resolve) => {
      started.push(name);
      end = () => resolve(name);
    });
  return { task, end: () => end() };
}

describe('the limiter', () => {
  it('starts as many tasks as may run, and the next in order when one ends', async () => {
    const limiter = new Limiter(2);
    const started: string[] = [];
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => taskInHand(started, name));
    const runs = [a!, b!, c!, d!].map(({ task }) => limiter.run(task));
    expect(started).toEqual(['a', 'b']);
    b!.end();
    await runs[1];
    expect(started).toEqual(['a', 'b', 'c']);
    a!.end();
    await runs[0];
    expect(started).toEqual(['a', 'b', 'c', 'd']);
    c!.end();
    d!.end();
    await expect(Promise.all(runs)).resolves.toEqual(['a', 'b', 'c', 'd']);
  });

  it('hands a result and a failure through, and a failure frees its place', async () => {
    const limiter = new Limiter(1);
    await expect(limiter.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(limiter.run(() => Promise.resolve(7))).resolves.toBe(7);
  });

  it('lets no more wait than it has places for', async () => {
    const limiter = new Limiter(1, 1);
    const { task, end } = taskInHand([], 'a');
    const running = limiter.run(task);
    expect(limiter.full).toBe(false);
    const waiting = limiter.run(() => Promise.resolve());
    expect(limiter.full).toBe(true);
    await expect(limiter.run(() => Promise.resolve())).rejects.toThrow('1 tasks are waiting already');
    end();
    await Promise.all([running, waiting]);
    expect(limiter.full).toBe(false);
  });

  it('has all its places again when everything has ended', async () => {
    const limiter = new Limiter(2);
    await Promise.all([1, 2, 3, 4, 5].map((number) => limiter.run(() => Promise.resolve(number))));
    const started: string[] = [];
    const tasks = ['a', 'b', 'c'].map((name) => taskInHand(started, name));
    const runs = tasks.map(({ task }) => limiter.run(task));
    expect(started).toEqual(['a', 'b']);
    for (const { end } of tasks.slice(0, 2)) end();
    await Promise.all(runs.slice(0, 2));
    tasks[2]!.end();
    await runs[2];
  });
});
