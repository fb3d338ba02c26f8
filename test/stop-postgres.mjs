/** Jest's globalTeardown beside start-postgres.mjs: called once per project, after the last test of all of them. */
const shared = Symbol.for('event-consistency.test-postgres');

export default async function stop() {
  const postgres = globalThis[shared];
  globalThis[shared] = undefined;
  await (await postgres)?.stop();
}
