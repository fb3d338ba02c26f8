import { EventEmitter, once } from 'node:events';
import { QueryFailedError, type QueryRunner } from 'typeorm';
import { CommitUnknownError, TransactionAbortedError } from './outbox.errors.js';

/** An error that the server itself answered. Errors of a socket have a `code` too, such as EPIPE, but no severity. */
interface ServerError {
  /** SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
  readonly code: string;
  readonly severity: string;
}

/** What TypeORM's `connect()` gives: the client of `pg`, as far as it is used here. */
interface PostgresClient extends EventEmitter {
  /** False from a statement until the server has said, behind its answer, what state the transaction is in. */
  readonly readyForQuery?: boolean;
  getTransactionStatus?(): 'I' | 'T' | 'E' | null;
  end?(): Promise<void>;
}

/** serialization_failure and deadlock_detected: the transaction would have been fine alone. */
const RETRYABLE = new Set(['40001', '40P01']);

/** How deep a cause is looked for: more layers than services have, and an end for a cause that is its own. */
const CAUSES_MAX = 10;

/**
 * Answers of a server that does not tell what became of a COMMIT: it is going down (57P) or the connection to it is
 * gone (08, which a proxy may say), and statement_completion_unknown.
 */
const OUTCOME_UNTOLD = /^(?:57P|08|40003)/;
/** With an answer of these the session ends, wherever it was. PostgreSQL writes them alike in most languages. */
const SESSION_ENDS = new Set(['FATAL', 'PANIC']);

function serverErrorOf(error: unknown): ServerError | undefined {
  const answer = ((error instanceof QueryFailedError ? error.driverError : error) ??
    {}) as Partial<ServerError>;
  return typeof answer.severity === 'string' && typeof answer.code === 'string'
    ? (answer as ServerError)
    : undefined;
}

/** Whether the transaction failed for nothing but what ran beside it. It looks at causes too: callbacks wrap errors. */
export function isRetryable(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < CAUSES_MAX; depth++) {
    if (cause instanceof CommitUnknownError) return false;
    if (RETRYABLE.has(serverErrorOf(cause)?.code ?? '')) return true;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return false;
}

/** What an error of `commitTransaction` says: besides COMMIT, it runs what others have subscribed to it. */
export function outcomeOfCommit(
  error: unknown,
  runner: QueryRunner,
): 'rolled back' | 'unknown' | 'committed' {
  if (!(error instanceof QueryFailedError) || error.query !== 'COMMIT') {
    return runner.isTransactionActive ? 'rolled back' : 'committed';
  }
  const answer = serverErrorOf(error);
  const told = answer && !OUTCOME_UNTOLD.test(answer.code) && !SESSION_ENDS.has(answer.severity);
  return told ? 'rolled back' : 'unknown';
}

/**
 * COMMIT of a transaction in which a statement failed succeeds, and keeps nothing: PostgreSQL answers ROLLBACK, which
 * TypeORM does not look at.
 *
 * @throws TransactionAbortedError
 */
export async function refuseAborted(runner: QueryRunner): Promise<void> {
  const client = (await runner.connect()) as PostgresClient | undefined;
  if (client?.readyForQuery === false) await becomesReady(client);
  const status = client?.getTransactionStatus?.();
  if (status === 'E') {
    throw new TransactionAbortedError(
      'a statement in it failed, and its error was caught; use a savepoint for what may fail',
    );
  }
  if (status === 'I') throw new TransactionAbortedError('it was ended inside its own callback');
}

/** The error of a statement comes before the word on its transaction, and often in another packet. */
async function becomesReady(client: PostgresClient): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    await Promise.race([once(client, 'drain', { signal }), once(client, 'end', { signal })]);
  } catch {
    // The connection is lost: the next statement says so.
  } finally {
    waiting.abort();
  }
}

/** Rolls back. If that fails, the connection is closed: it must not go back to the pool with an open transaction. */
export async function rollBack(runner: QueryRunner): Promise<void> {
  try {
    await runner.rollbackTransaction();
  } catch {
    await closeConnection(runner);
  }
}

/** Ends the connection rather than let the pool have it again: a statement may still be under way on it. */
export async function closeConnection(runner: QueryRunner): Promise<void> {
  try {
    const client = (await runner.connect()) as PostgresClient | undefined;
    // Not awaited: a peer that is gone does not say goodbye, and the pool sees at once that it is ending.
    client?.end?.().catch(() => undefined);
  } catch {
    // There is no connection.
  }
}
