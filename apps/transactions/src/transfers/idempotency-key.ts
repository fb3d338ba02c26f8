import { createHash } from 'node:crypto';
import { idempotencyKeyInvalid, idempotencyKeyMissing } from './transfers.errors.js';

/** Under which key a request was made, and what it asked for. */
export interface IdempotencyKey {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** Visible ASCII without the quote and the backslash, bounded: it becomes part of a database key. */
const KEY = /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255}))$/;

/**
 * Reads the `Idempotency-Key` header: a quoted string, as the draft has it
 * (draft-ietf-httpapi-idempotency-key-header-07), or the bare token, which is taken as the same key.
 *
 * @param body what the key stands for: the same key with another body is another request
 */
export function idempotencyKeyOf(scope: string, header: string | undefined, body: object): IdempotencyKey {
  if (header === undefined || header.trim() === '') throw idempotencyKeyMissing();
  const match = KEY.exec(header.trim());
  const key = match?.[1] ?? match?.[2];
  if (key === undefined) throw idempotencyKeyInvalid();
  const sorted = Object.fromEntries(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { scope, key, fingerprint: createHash('sha256').update(JSON.stringify(sorted)).digest('base64url') };
}
