import { AsyncLocalStorage } from 'node:async_hooks';
import { TestEnvironment } from 'jest-environment-node';

/** The storages that the running spec has used. */
const storages = new Set();
for (const method of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...args) {
    storages.add(this);
    return Reflect.apply(original, this, args);
  };
}

/**
 * Node's environment, and no `AsyncLocalStorage` outlives its spec: until Node 22 every promise of the process asks each
 * one that was ever used, and each spec loads its modules, and with them their storages, anew. 43 specs in one worker
 * took 87 s of computing with what the others had left, and 24 s without.
 */
export default class extends TestEnvironment {
  async teardown() {
    for (const storage of storages) storage.disable();
    storages.clear();
    await super.teardown();
  }
}
