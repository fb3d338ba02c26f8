import { ProblemException, serviceProblems, type Problem } from '@app/service';
import type { FastifyReply } from 'fastify';
import { idempotencyProblems } from '../idempotency/idempotency.errors.js';
import type { IdempotentAnswer } from '../idempotency/idempotent-requests.js';
import { transferProblems } from './transfers.errors.js';

/** When to look again whether accounts has decided, in seconds; most transfers take far less. */
const RETRY_AFTER_SECONDS = 1;

/** What the answers of requests that record something say in their headers, for documents. */
export const RECORDED_HEADERS = {
  location: 'Where the transfer is',
  'retry-after': 'After how many seconds it is worth looking for the outcome',
  'idempotency-replayed': '`true` if this is the answer to an earlier request under the same key',
};

/** What the requests that record something say in their headers, for documents. */
export const RECORDING_HEADERS = {
  'Idempotency-Key': {
    description:
      'A value of your own for this request, the same when you repeat it: 1 to 255 visible ASCII characters in quotes, ' +
      'without quotes or backslashes among them. Without the quotes it is the same key.',
    required: true,
    example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
  },
};

/** The problems of every request that records something, for documents. */
export const RECORDING_PROBLEMS = [
  [
    idempotencyProblems,
    'idempotency-key-missing',
    'idempotency-key-invalid',
    'idempotency-key-reused',
    'idempotency-key-in-progress',
  ],
  [transferProblems, 'publish-unconfirmed', 'publish-failed'],
  [serviceProblems, 'outcome-unknown'],
] as const;

/**
 * Sends what an idempotent request is answered, the first time as any other.
 *
 * @throws ProblemException if it is a refusal
 */
export function send<Body extends object>(reply: FastifyReply, answer: IdempotentAnswer): Body {
  const { status, body, location, replayed } = answer;
  if (replayed) void reply.header('idempotency-replayed', 'true');
  if (status >= 400) throw new ProblemException(body as Problem);
  if (location !== undefined) void reply.header('location', location);
  void reply.status(status).header('retry-after', RETRY_AFTER_SECONDS);
  return body as Body;
}

/** Aborts when the answer is sent, or nobody waits for it any more. */
export function whenGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (reply.raw.destroyed) gone.abort();
  else reply.raw.once('close', () => gone.abort());
  return gone.signal;
}
