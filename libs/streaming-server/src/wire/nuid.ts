import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LENGTH = 22;

/** An identifier of NATS's usual form: 22 characters, unique by 128 random bits. */
export function nuid(): string {
  let text = '';
  for (const byte of randomBytes(LENGTH)) text += ALPHABET[byte % ALPHABET.length];
  return text;
}

/** A subject for answers that nobody else knows. */
export function newInbox(): string {
  return `_INBOX.${nuid()}`;
}
