/** Measured programs in processes of their own, so that no two of them share an event loop. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Starts `processes/<name>.mjs` and waits until it is ready.
 *
 * @returns `call` runs one of its functions and resolves to what that returned; `tell` does not wait
 */
export async function startChild(name, config) {
  const script = fileURLToPath(new URL(`processes/${name}.mjs`, import.meta.url));
  const child = fork(script, [JSON.stringify(config)]);
  const calls = new Map();
  const ended = once(child, 'exit').then(([code]) => {
    const error = new Error(`${name} ended with code ${code}`);
    for (const { reject } of calls.values()) reject(error);
    throw error;
  });
  ended.catch(() => undefined);
  const ready = new Promise((resolve) => {
    child.on('message', ({ id, result, error }) => {
      if (id === 'ready') return resolve();
      const call = calls.get(id);
      calls.delete(id);
      if (error === undefined) call.resolve(result);
      else call.reject(new Error(`${name}: ${error}`));
    });
  });
  let next = 0;
  await Promise.race([ready, ended]);
  return {
    call: (what, argument) =>
      new Promise((resolve, reject) => {
        calls.set(++next, { resolve, reject });
        child.send({ id: next, what, argument });
      }),
    tell: (what) => child.send({ what }),
    /** Ends it; safe to call twice. */
    stop: async () => {
      if (child.connected) child.disconnect();
      await ended.catch(() => undefined);
    },
  };
}

/** In such a process: offers these functions to the parent, until the parent goes. */
export function serve(functions, close = () => undefined) {
  process.on('message', async ({ id, what, argument }) => {
    try {
      const result = await functions[what](argument);
      if (id !== undefined) process.send({ id, result });
    } catch (error) {
      process.send({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.once('disconnect', async () => {
    await close();
    process.exit(0);
  });
  process.send({ id: 'ready' });
}

/** What the parent has given this process. */
export const config = () => JSON.parse(process.argv[2] ?? '{}');
