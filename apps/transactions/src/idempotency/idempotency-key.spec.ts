import { describe, expect, it } from '@jest/globals';
import { ANYBODY, ProblemException, type Caller } from '@app/service';
import fc from 'fast-check';
import { idempotencyKeyOf } from './idempotency-key.js';

const BODY = { debitAccountId: 'a', amountMinor: '1250' };
const PATH = '/v1/transfers';
const keyOf = (header: string | undefined, body: object = BODY) =>
  idempotencyKeyOf(header, { caller: ANYBODY, path: PATH, body });

function problemOf(header: string | undefined): unknown {
  try {
    keyOf(header);
  } catch (error) {
    return error instanceof ProblemException ? error.problem : error;
  }
  return undefined;
}

describe('the Idempotency-Key header', () => {
  it('is the quoted string of the draft, or the bare token, which is the same key', () => {
    expect(keyOf('"8e03978e-40d5"').key).toBe('8e03978e-40d5');
    expect(keyOf('8e03978e-40d5').key).toBe('8e03978e-40d5');
    expect(keyOf('  "8e03978e-40d5" ').key).toBe('8e03978e-40d5');
  });

  it.each([undefined, '', '   '])('is required: %p is a missing key', (header) => {
    expect(problemOf(header)).toMatchObject({ status: 400, type: '/problems/idempotency-key-missing' });
  });

  it.each([
    ['one quote', '"abc'],
    ['an empty string', '""'],
    ['a space', 'a b'],
    ['two keys, as a repeated header arrives', '"a", "b"'],
    ['a quote within', '"a"b"'],
    ['a backslash', 'a\\b'],
    ['a control character', 'a\u0000b'],
    ['a character beyond ASCII', 'schlüssel'],
    ['256 characters', 'k'.repeat(256)],
  ])('is refused with %s', (_, header) => {
    expect(problemOf(header)).toMatchObject({ status: 400, type: '/problems/idempotency-key-invalid' });
  });

  it('may have 255 characters', () => {
    expect(keyOf('k'.repeat(255)).key).toHaveLength(255);
    expect(keyOf(`"${'k'.repeat(255)}"`).key).toHaveLength(255);
  });

  it('keeps any key of visible ASCII as it is, quoted or not', () => {
    const visible = fc.constantFrom(
      ...Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n)).filter((c) => !'"\\'.includes(c)),
    );
    fc.assert(
      fc.property(fc.array(visible, { minLength: 1, maxLength: 255 }), (characters) => {
        const key = characters.join('');
        expect(keyOf(key).key).toBe(key);
        expect(keyOf(`"${key}"`).key).toBe(key);
      }),
    );
  });
});

describe('the fingerprint', () => {
  it('is the same whatever the order of the fields', () => {
    expect(keyOf('k', { a: '1', b: '2' }).fingerprint).toBe(keyOf('k', { b: '2', a: '1' }).fingerprint);
  });

  it('differs when a field differs, is missing or is added', () => {
    const bodies = [{ a: '1' }, { a: '2' }, { a: '1', b: '1' }, { b: '1' }, {}];
    expect(new Set(bodies.map((body) => keyOf('k', body).fingerprint)).size).toBe(bodies.length);
  });

  it('is the same whatever the order of the fields within the fields', () => {
    const [one, other] = [{ items: [{ a: '1', b: '2' }] }, { items: [{ b: '2', a: '1' }] }];
    expect(keyOf('k', one).fingerprint).toBe(keyOf('k', other).fingerprint);
    const swapped = { items: [{ a: '2', b: '1' }] };
    expect(keyOf('k', swapped).fingerprint).not.toBe(keyOf('k', one).fingerprint);
  });

  it('is that of the body alone, not of the key', () => {
    expect(keyOf('k').fingerprint).toBe(keyOf('another').fingerprint);
  });
});

describe('the scope', () => {
  const scopeOf = (subject: string | undefined, path = PATH) => {
    const caller: Caller = { ...ANYBODY, subject };
    return idempotencyKeyOf('k', { caller, path, body: BODY }).scope;
  };

  it('differs by caller and by path, however they are spelled', () => {
    const scopes = [
      scopeOf(undefined),
      scopeOf('null'),
      scopeOf('alice'),
      scopeOf('alice', '/v1/deposits'),
      scopeOf('alice","POST'),
      scopeOf('alice POST /v1/deposits'),
    ];
    expect(new Set(scopes).size).toBe(scopes.length);
  });
});
