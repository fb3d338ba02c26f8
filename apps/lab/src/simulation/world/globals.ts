import type { AsyncLocalStorage } from 'node:async_hooks';
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
const asyncHooks = require('node:async_hooks') as { AsyncLocalStorage: typeof AsyncLocalStorage };
let worldOfNow: World | undefined;

/** The world in which programs run now. */
export function currentWorld(): World {
  if (!worldOfNow) throw new Error('nothing is being simulated: there is no world');
  return worldOfNow;
}

/**
 * Puts a world around all code of this process: its clocks, timers and random sources are the world's until the
 * returned function is called. So the programs are simulated as they are, and none has a hook for it; whatever asks
 * for the time is told the world's, also what is written tomorrow.
 */
export function enterWorld(world: World): () => void {
  replaceOnce();
  worldOfNow = world;
  resetIds();
  return () => {
    worldOfNow = undefined;
    for (const storage of storages.splice(0)) storage.disable();
  };
}

/** The real ones, for as long as there is no world. */
const real = {
  ...pick(globalThis),
  now: performance.now.bind(performance),
  random: Math.random,
  getRandomValues: crypto.getRandomValues.bind(crypto),
  pause: timersPromises.setTimeout,
  randomUUID: nodeCrypto.randomUUID,
};

/**
 * Until Node 24 every promise of the process costs a little for each storage that was ever used, and each start of a
 * service makes some: those of past schedules are switched off.
 */
const storages: AsyncLocalStorage<unknown>[] = [];

class RememberedStorage<Store> extends asyncHooks.AsyncLocalStorage<Store> {
  constructor() {
    super();
    if (worldOfNow) storages.push(this);
  }
}

let replaced = false;

function replaceOnce(): void {
  if (replaced) return;
  replaced = true;
  Object.assign(globalThis, replacements());
  performance.now = () => worldOfNow?.elapsedMs ?? real.now();
  Math.random = () => worldOfNow?.programChances.fraction() ?? real.random();
  crypto.getRandomValues = ((array: Uint8Array) =>
    worldOfNow ? fill(array, worldOfNow) : real.getRandomValues(array)) as typeof crypto.getRandomValues;
  timersPromises.setTimeout = (ms, value, options) => (worldOfNow ? pause : real.pause)(ms, value, options);
  nodeCrypto.randomUUID = () => (worldOfNow ? randomUuid(worldOfNow) : real.randomUUID());
  // Since Node 22 it is a getter, which cannot be assigned to.
  Object.defineProperty(asyncHooks, 'AsyncLocalStorage', { value: RememberedStorage });
  syncBuiltinESMExports();
}

function pick(source: Surroundings): Surroundings {
  const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, Date } = source;
  return { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, Date };
}

type Callback = (...given: unknown[]) => void;

function replacements(): Surroundings {
  const nowMs = () => (worldOfNow ? Math.floor(worldOfNow.nowMicros / MICROS_PER_MS) : real.Date.now());
  const clear = (otherwise: (timer: never) => void) => (timer: unknown) => {
    if (timer instanceof Timer) timer.pending?.cancel();
    else otherwise(timer as never);
  };
  return {
    setTimeout: (callback: Callback, ms?: number, ...given: unknown[]) =>
      worldOfNow ? once(worldOfNow, callback, ms, given) : real.setTimeout(callback, ms, ...given),
    clearTimeout: clear(real.clearTimeout),
    setInterval: (callback: Callback, ms?: number, ...given: unknown[]) =>
      worldOfNow ? again(worldOfNow, callback, ms) : real.setInterval(callback, ms, ...given),
    clearInterval: clear(real.clearInterval),
    setImmediate: (callback: Callback, ...given: unknown[]) =>
      worldOfNow ? once(worldOfNow, callback, 0, given) : real.setImmediate(callback, ...given),
    clearImmediate: clear(real.clearImmediate),
    Date: new Proxy(real.Date, {
      construct: (target, parts, newTarget) =>
        Reflect.construct(target, parts.length > 0 ? parts : [nowMs()], newTarget) as Date,
      get: (target, name, receiver) =>
        name === 'now' ? nowMs : (Reflect.get(target, name, receiver) as unknown),
    }),
  } as unknown as Surroundings;
}

function once(world: World, callback: Callback, ms = 0, given: readonly unknown[] = []): Timer {
  const fire = () => callback(...given);
  return new Timer(world.after(ms * MICROS_PER_MS, 'timer', fire, currentProcess()));
}

function again(world: World, callback: Callback, ms = 0): Timer {
  const timer = new Timer(undefined);
  const wind = () => {
    timer.pending = world.after(ms * MICROS_PER_MS, 'timer', tick, currentProcess());
  };
  const tick = () => {
    wind();
    callback();
  };
  wind();
  return timer;
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

/** As a version 4. */
function randomUuid({ programChances }: World): string {
  const part = (digits: number) =>
    programChances
      .below(16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  return `${part(8)}-${part(4)}-4${part(3)}-8${part(3)}-${part(6)}${part(6)}`;
}
