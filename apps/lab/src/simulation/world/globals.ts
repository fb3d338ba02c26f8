import { createRequire, syncBuiltinESMExports } from 'node:module';
import { resetIds } from './simulated-uuid.js';
import { currentProcess } from './simulated-process.js';
import type { Pending, World } from './world.js';

/** What a program of its process gets from outside, and no library may get elsewhere. */
interface Surroundings {
  readonly setTimeout: typeof globalThis.setTimeout;
  readonly clearTimeout: typeof globalThis.clearTimeout;
  readonly setInterval: typeof globalThis.setInterval;
  readonly clearInterval: typeof globalThis.clearInterval;
  readonly setImmediate: typeof globalThis.setImmediate;
  readonly clearImmediate: typeof globalThis.clearImmediate;
  readonly Date: typeof globalThis.Date;
}

const MICROS_PER_MS = 1_000;
const require = createRequire(import.meta.url);
const timersPromises = require('node:timers/promises') as { setTimeout: typeof pause };
const nodeCrypto = require('node:crypto') as { randomUUID: () => string };
let worldOfNow: World | undefined;

/** The world in which programs run now. */
export function currentWorld(): World {
  if (!worldOfNow) throw new Error('nothing is being simulated: no world is installed');
  return worldOfNow;
}

/**
 * Puts a world around all code of this process: its clocks, timers and random sources are the world's from here on, for
 * every library alike. So the programs are simulated as they are, and none has a hook for it; whatever asks for the
 * time is told the world's, also what is written tomorrow.
 *
 * @returns what gives the real ones back
 */
export function installWorld(world: World): () => void {
  const before = {
    surroundings: { ...pick(globalThis) },
    now: performance.now.bind(performance),
    random: Math.random,
    getRandomValues: crypto.getRandomValues.bind(crypto),
    pause: timersPromises.setTimeout,
    randomUUID: nodeCrypto.randomUUID,
  };
  worldOfNow = world;
  resetIds();
  Object.assign(globalThis, surroundingsOf(world));
  performance.now = () => world.elapsedMs;
  Math.random = () => world.programChances.fraction();
  crypto.getRandomValues = ((array: Uint8Array) => fill(array, world)) as typeof crypto.getRandomValues;
  timersPromises.setTimeout = pause;
  nodeCrypto.randomUUID = () => randomUuid(world);
  syncBuiltinESMExports();
  return () => {
    worldOfNow = undefined;
    Object.assign(globalThis, before.surroundings);
    performance.now = before.now;
    Math.random = before.random;
    crypto.getRandomValues = before.getRandomValues;
    timersPromises.setTimeout = before.pause;
    nodeCrypto.randomUUID = before.randomUUID;
    syncBuiltinESMExports();
  };
}

function pick(source: Surroundings): Surroundings {
  const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, Date } = source;
  return { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, Date };
}

function surroundingsOf(world: World): Surroundings {
  const RealDate = globalThis.Date;
  const nowMs = () => Math.floor(world.nowMicros / MICROS_PER_MS);
  const SimulatedDate = new Proxy(RealDate, {
    construct: (target, parts, newTarget) =>
      Reflect.construct(target, parts.length > 0 ? parts : [nowMs()], newTarget) as Date,
    get: (target, name, receiver) =>
      name === 'now' ? nowMs : (Reflect.get(target, name, receiver) as unknown),
  });
  const setTimeout = (callback: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
    new Timer(world.after(ms * MICROS_PER_MS, 'timer', () => callback(...given), currentProcess()));
  const setInterval = (callback: () => void, ms = 0) => {
    const timer = new Timer(undefined);
    const again = () => {
      timer.pending = world.after(ms * MICROS_PER_MS, 'timer', tick, currentProcess());
    };
    const tick = () => {
      again();
      callback();
    };
    again();
    return timer;
  };
  const clear = (timer: Timer | undefined) => timer?.pending?.cancel();
  return {
    setTimeout,
    clearTimeout: clear,
    setInterval,
    clearInterval: clear,
    setImmediate: (callback: () => void) => setTimeout(callback),
    clearImmediate: clear,
    Date: SimulatedDate,
  } as unknown as Surroundings;
}

/** What a timer's maker is given. */
class Timer {
  constructor(public pending: Pending | undefined) {}

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** `setTimeout` of `node:timers/promises`. */
function pause<Value>(ms: number, value?: Value, { signal }: { signal?: AbortSignal } = {}): Promise<Value> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(new DOMException('The operation was aborted', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve(value as Value);
    }, ms);
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}

function fill(array: Uint8Array, { programChances }: World): Uint8Array {
  for (let index = 0; index < array.length; index++) array[index] = programChances.below(256);
  return array;
}

function randomUuid({ programChances }: World): string {
  const digits = Array.from({ length: 32 }, () => programChances.below(16).toString(16));
  digits[12] = '4';
  digits[16] = '8';
  return digits.join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
