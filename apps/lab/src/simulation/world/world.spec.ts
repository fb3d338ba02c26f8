import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Chances } from './chances.js';
import { EventQueue, type Timed } from './event-queue.js';
import { currentProcess, runAs, SimulatedProcess } from './simulated-process.js';
import { World, type Weather } from './world.js';

const WEATHER: Weather = { wayMicros: [100, 900], slowPercent: 20, slowMicros: 50_000 };
const FAR_MS = 10_000;

let world: World;
let happened: string[];

const note = (what: string) => () => void happened.push(what);
const play = () => world.runUntil(() => false, FAR_MS);

beforeEach(() => {
  world = new World({ seed: 1, weather: WEATHER });
  happened = [];
});

describe('the queue of events', () => {
  it('hands out whatever was added by time, and of one time in the order of the adding', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (times) => {
        const queue = new EventQueue<Timed>();
        const events = times.map((atMicros, number) => ({ atMicros, number }));
        for (const event of events) queue.add(event);
        const taken = events.map(() => queue.take());
        expect(taken).toEqual(
          events.toSorted((one, other) => one.atMicros - other.atMicros || one.number - other.number),
        );
        expect(queue.take()).toBeUndefined();
      }),
    );
  });

  it('hands out the earliest of what is in it, whenever it is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined })), (moves) => {
        const queue = new EventQueue<Timed>();
        const inside: number[] = [];
        moves.forEach((atMicros, number) => {
          if (atMicros === undefined) {
            inside.sort((one, other) => one - other);
            expect(queue.take()?.atMicros).toBe(inside.shift());
          } else {
            inside.push(atMicros);
            queue.add({ atMicros, number });
          }
          expect(queue.size).toBe(inside.length);
        });
      }),
    );
  });
});

describe('the world', () => {
  it('lets things happen at their times, one after the other, and moves its clock to each', async () => {
    world.after(2_000, 'late', () => happened.push(`late at ${world.elapsedMs}`));
    world.after(1_000, 'early', () => {
      happened.push(`early at ${world.elapsedMs}`);
      world.after(500, 'between', () => happened.push(`between at ${world.elapsedMs}`));
    });
    await play();
    expect(happened).toEqual(['early at 1', 'between at 1.5', 'late at 2']);
  });

  it('lets everything that an event leads to by promises happen before the next one', async () => {
    world.after(1, 'one', () => {
      void Promise.resolve().then(note('a promise')).then(note('the next promise'));
    });
    world.after(1, 'other', note('the next event'));
    await play();
    expect(happened).toEqual(['a promise', 'the next promise', 'the next event']);
  });

  it('does not let happen what was cancelled, nor what belongs to a dead process', async () => {
    const owner = new SimulatedProcess('victim');
    world.after(1, 'cancelled', note('cancelled')).cancel();
    world.after(2, 'killed', note('of the dead'), owner);
    world.after(1, 'kill', () => owner.kill());
    await play();
    expect(happened).toEqual([]);
  });

  it('keeps what belongs to a frozen process until it is thawed, in its order', async () => {
    const owner = new SimulatedProcess('sleeper');
    world.after(1, 'freeze', () => owner.freeze());
    world.after(2, 'first', note('first'), owner);
    world.after(3, 'second', note('second'), owner);
    world.after(4, 'other', note('another one’s'));
    world.after(5_000, 'thaw', () => owner.thaw());
    await play();
    expect(happened).toEqual(['another one’s', 'first', 'second']);
    expect(world.elapsedMs).toBe(5);
  });

  it('a process that is killed in its turn has sent nothing of what it wrote in it', async () => {
    const owner = new SimulatedProcess('writer');
    world.after(
      1,
      'write',
      () => {
        world.afterTurn(owner, note('sent'));
        owner.kill();
      },
      owner,
    );
    await play();
    expect(happened).toEqual([]);
  });

  it('a process that is killed after its turn has sent what it wrote in it', async () => {
    const owner = new SimulatedProcess('writer');
    world.after(1, 'write', () => world.afterTurn(owner, note('sent')), owner);
    world.after(1, 'kill', () => owner.kill());
    await play();
    expect(happened).toEqual(['sent']);
  });

  it('a process that is frozen in its turn sends when it is thawed, and never if it is killed before', async () => {
    for (const [name, end] of [
      ['thawed', 'thaw'],
      ['killed', 'kill'],
    ] as const) {
      const owner = new SimulatedProcess(name);
      const write = () => {
        world.afterTurn(owner, note(`sent by the ${name}`));
        owner.freeze();
      };
      world.after(1, 'write', write, owner);
      world.after(9, end, () => owner[end]());
      world.after(5, 'look', note(`${name} is frozen`));
    }
    await play();
    expect(happened).toEqual(['thawed is frozen', 'killed is frozen', 'sent by the thawed']);
  });

  it('knows whose each call is, through promises', async () => {
    const owner = new SimulatedProcess('owner');
    world.after(
      1,
      'call',
      () => void Promise.resolve().then(() => happened.push(currentProcess()?.name ?? 'nobody')),
      owner,
    );
    world.after(2, 'own', () => happened.push(currentProcess()?.name ?? 'nobody'));
    await play();
    expect(happened).toEqual(['owner', 'nobody']);
    expect(runAs(owner, () => currentProcess())).toBe(owner);
  });

  it('ends when there is nothing left to happen, at its limit, and when it is told to', async () => {
    expect(await play()).toBe(false);
    const again = () => void world.after(1_000_000, 'again', again);
    again();
    expect(await world.runUntil(() => false, 5_000)).toBe(false);
    expect(world.elapsedMs).toBe(6_000);
    expect(await world.runUntil(() => world.elapsedMs >= 8_000, FAR_MS)).toBe(true);
    expect(world.elapsedMs).toBe(8_000);
  });

  it('ends with the error of what happened', async () => {
    world.after(1, 'throw', () => {
      throw new Error('it broke');
    });
    await expect(play()).rejects.toThrow('it broke');
  });

  it('draws the same ways from the same seed, others from another, and none above the weather’s', () => {
    const waysOf = (seed: number) => {
      const drawn = new World({ seed, weather: WEATHER });
      return Array.from({ length: 50 }, () => drawn.wayMicros());
    };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(waysOf(seed)).toEqual(waysOf(seed));
        expect(waysOf(seed)).not.toEqual(waysOf(seed + 1));
        expect(waysOf(seed).every((way) => way >= 0 && way <= WEATHER.slowMicros)).toBe(true);
      }),
    );
  });

  it('has ways of one length from so many choices on, and the same ones as without the bound before', () => {
    const bounded = new World({ seed: 3, weather: WEATHER, choicesMax: 4 });
    const free = new World({ seed: 3, weather: WEATHER });
    const ways = (of: World, count: number) => Array.from({ length: count }, () => of.wayMicros());
    expect(ways(bounded, 4)).toEqual(ways(free, 4));
    expect(ways(bounded, 3)).toEqual([1_000, 1_000, 1_000]);
    expect(bounded.choices).toBe(4);
  });

  it('has the same trace for the same history, and another one for another time or another end', async () => {
    const traceOf = async (label: string, micros: number, remains: string) => {
      const of = new World({ seed: 1, weather: WEATHER });
      of.after(5, 'first', () => undefined);
      of.after(micros, label, () => undefined);
      await of.runUntil(() => false, FAR_MS);
      return of.trace.hashWith(remains);
    };
    const known = await traceOf('second', 9, 'end');
    expect(await traceOf('second', 9, 'end')).toBe(known);
    const others = [traceOf('other', 9, 'end'), traceOf('second', 10, 'end'), traceOf('second', 9, 'END')];
    for (const other of await Promise.all(others)) expect(other).not.toBe(known);
  });
});

describe('chances', () => {
  const seeds = () => fc.tuple(fc.nat(), fc.nat({ max: 20 }));

  it('are the same for the same seed and stream, whatever another stream draws', () => {
    fc.assert(
      fc.property(seeds(), fc.nat({ max: 20 }), ([seed, stream], others) => {
        const [one, other, noise] = [
          new Chances(seed, stream),
          new Chances(seed, stream),
          new Chances(seed, 99),
        ];
        for (let drawn = 0; drawn < others; drawn++) noise.fraction();
        const draw = (of: Chances) => [
          of.below(1_000),
          of.fraction(),
          of.percent(50),
          of.pick('abcdef'.split('')),
        ];
        expect(draw(one)).toEqual(draw(other));
      }),
    );
  });

  it('stay within what was asked for, ends included', () => {
    const chances = new Chances(1, 1);
    const drawn = new Set(Array.from({ length: 200 }, () => chances.between(3, 6)));
    expect([...drawn].sort()).toEqual([3, 4, 5, 6]);
    expect(Array.from({ length: 100 }, () => chances.percent(0))).not.toContain(true);
    expect(Array.from({ length: 100 }, () => chances.percent(100))).not.toContain(false);
    fc.assert(
      fc.property(seeds(), fc.integer({ min: 1, max: 1_000 }), ([seed, stream], below) => {
        const of = new Chances(seed, stream);
        expect(of.below(below)).toBeLessThan(below);
        expect(of.fraction()).toBeLessThan(1);
      }),
    );
  });
});
