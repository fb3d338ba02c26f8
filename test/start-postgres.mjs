/**
 * Jest's globalSetup of the projects that need a database: one PostgreSQL for the whole run, its admin URL in
 * TEST_POSTGRES_URL; another release's where TEST_POSTGRES_BINARIES names its programs. Jest calls this once per
 * project, in one process. The server ends with that process, however it ends.
 */
import { startPostgres } from '../dist/apps/lab/apps/lab/src/parts/postgres/postgres.part.js';

const shared = Symbol.for('event-consistency.test-postgres');

export default async function start() {
  globalThis[shared] ??= startPostgres(
    (line) => process.stderr.write(`${line}\n`),
    process.env.TEST_POSTGRES_BINARIES,
  );
  process.env.TEST_POSTGRES_URL = (await globalThis[shared]).adminUrl;
}
