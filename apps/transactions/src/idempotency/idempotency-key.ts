import { createHash } from 'node:crypto';
import type { Caller } from '@app/service';
import { idempotencyProblems } from './idempotency.errors.js';

/** Under which key a request was made, and what it asked for. */
export interface IdempotencyKey {
  /** Caller, method and path, so that nobody is told another's answer. */
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** The request that a key stands for. */
export interface KeyedRequest {
  readonly caller: Caller;
  /** The path as this service writes it, with the ids in it: two resources are two scopes. */
  readonly path: string;
  /** The validated body: the same key with another body is another request. */
  readonly body: object;
}

/** Visible ASCII without the quote and the backslash, bounded: it becomes part of a database key. */
const KEY = /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255}))$/;

/**
 * Reads the `Idempotency-Key` header of a POST: a quoted string, as the draft has it
 * (draft-ietf-httpapi-idempotency-key-header-07), or the bare token, which is taken as the same key.
 *
 * @throws ProblemException 400 if it is missing or malformed
 */
export function idempotencyKeyOf(
  header: string | undefined,
  { caller, path, body }: KeyedRequest,
): IdempotencyKey {
  if (header === undefined || header.trim() === '') {
    throw idempotencyProblems.of('idempotency-key-missing', {
      detail:
        'Send the header Idempotency-Key with a value of your own, and repeat it when you repeat the request',
    });
  }
  const match = KEY.exec(header.trim());
  const key = match?.[1] ?? match?.[2];
  if (key === undefined) {
    throw idempotencyProblems.of('idempotency-key-invalid', {
      detail:
        'Expected 1 to 255 visible ASCII characters, in quotes, without quotes or backslashes among them',
    });
  }
  // As JSON, because a subject may hold any character: no two callers and paths are written alike.
  const scope = JSON.stringify([caller.subject ?? null, 'POST', path]);
  return { scope, key, fingerprint: createHash('sha256').update(canonicalJson(body)).digest('base64url') };
}

/** The same text whatever the order of the members. */
function canonicalJson(body: object): string {
  return JSON.stringify(body, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
