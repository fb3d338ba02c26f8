import { describe, expect, it } from '@jest/globals';
import { answer, HEALTHY, inboxOf, outcome, request, transfer } from '../../testing/books.fixture.js';
import { audit } from './audit.js';
import type { Books, DeadLetter } from './books.js';
import type { Told } from './told.js';

const { transactions: requests, accounts: outcomes } = HEALTHY.outbox;
const letter = (event: DeadLetter['event']): DeadLetter => ({
  id: 'd',
  channel: 'c',
  reason: 'failed',
  deliveries: 5,
  error: 'no',
  event,
});

describe('records that disagree with the rows they speak of', () => {
  it.each<[string, Partial<Books>, string]>([
    [
      'an outbox that asks for what is not recorded',
      { outbox: { ...HEALTHY.outbox, transactions: [...requests, request('t9')] } },
      'the outbox of transactions asks for transfer t9, which is not recorded',
    ],
    [
      'an outbox that asks twice',
      { outbox: { ...HEALTHY.outbox, transactions: [...requests, request('t1', { id: 'another' })] } },
      'the outbox of transactions asks for transfer t1 2 times',
    ],
    [
      'an outbox that asks for another amount',
      {
        outbox: { ...HEALTHY.outbox, transactions: requests.map((one) => ({ ...one, amountMinor: 5000n })) },
      },
      'the outbox of transactions asks for something else than transfer t1 says',
    ],
    [
      'an outbox that tells of a posting that is not there',
      {
        outbox: {
          ...HEALTHY.outbox,
          accounts: [...outcomes, outcome('transfer.posted', 't2', { id: 'lie' })],
        },
      },
      'the outbox of accounts tells transfer.posted of transfer t2, which is not so',
    ],
    [
      'an outbox that tells of a rejection that is not there',
      {
        outbox: {
          ...HEALTHY.outbox,
          accounts: [...outcomes, outcome('transfer.rejected', 't1', { id: 'lie' })],
        },
      },
      'the outbox of accounts tells transfer.rejected of transfer t1, which is not so',
    ],
    [
      'an inbox that has not noticed what was done',
      { inbox: { ...HEALTHY.inbox, accounts: inboxOf(...requests.slice(1)) } },
      'the inbox of accounts has no event of transfer t1, which has ended there',
    ],
    [
      'an inbox that has not noticed an outcome',
      { inbox: { ...HEALTHY.inbox, transactions: inboxOf(...outcomes.slice(0, 1)) } },
      'the inbox of transactions has no event of transfer t2, which has ended there',
    ],
    [
      'a dead letter of what is done',
      { deadLetters: { ...HEALTHY.deadLetters, accounts: [letter(requests[0] ?? null)] } },
      'a dead letter of accounts is about transfer t1, which has ended there all the same (failed at delivery 5: no)',
    ],
    [
      'a dead letter of an outcome that has arrived',
      { deadLetters: { ...HEALTHY.deadLetters, transactions: [letter(outcomes[0] ?? null)] } },
      'a dead letter of transactions is about transfer t1, which has ended there all the same (failed at delivery 5: no)',
    ],
    [
      'a dead letter of what is not recorded',
      { deadLetters: { ...HEALTHY.deadLetters, transactions: [letter(outcome('transfer.posted', 't9'))] } },
      'a dead letter of transactions is about transfer t9, which is not recorded',
    ],
    [
      'an answer that names what is not recorded',
      { idempotency: [...HEALTHY.idempotency, answer(transfer('t9', 'pending'))] },
      'the answer of key key of t9 names transfer t9, which is not recorded',
    ],
    [
      'an answer that says another amount',
      {
        idempotency: HEALTHY.idempotency.map((record, index) =>
          index > 0 ? record : answer(transfer('t1', 'posted', { amountMinor: 1n })),
        ),
      },
      'the answer of key key of t1 says something else than transfer t1',
    ],
    [
      'a transfer without a key',
      { idempotency: HEALTHY.idempotency.slice(1) },
      'transfer t1 is recorded under 0 keys',
    ],
    [
      'a transfer under two keys',
      { idempotency: [...HEALTHY.idempotency, answer(transfer('t1', 'posted'), { key: 'another' })] },
      'transfer t1 is recorded under 2 keys',
    ],
  ])('names %s', (_case, parts, sentence) => {
    expect(audit({ ...HEALTHY, ...parts }).disagreements).toEqual([sentence]);
  });

  it('names an inbox that has an event of which nothing came', () => {
    const t3 = request('t3');
    const order = transfer('t3', 'pending');
    const found = audit({
      ...HEALTHY,
      transfers: [...HEALTHY.transfers, order],
      idempotency: [...HEALTHY.idempotency, answer(order)],
      outbox: { ...HEALTHY.outbox, transactions: [...requests, t3] },
      inbox: { ...HEALTHY.inbox, accounts: inboxOf(...requests, t3) },
    });
    expect(found.disagreements).toEqual([
      'the inbox of accounts has event transfer.requested of t3, and nothing came of it for transfer t3',
    ]);
  });

  it('does not mind a letter that cannot be read, a refusal under a key, and a batch that names ids only', () => {
    const [first, ...others] = HEALTHY.idempotency;
    if (first === undefined) throw new Error('there are records');
    const named = { debitAccountId: null, creditAccountId: null, amountMinor: null, currency: null };
    const batch = { ...first, transfers: first.transfers.map(({ id }) => ({ id, ...named })) };
    const found = audit({
      ...HEALTHY,
      deadLetters: { accounts: [letter(null)], transactions: [] },
      idempotency: [batch, ...others, { key: 'refused', status: 409, transfers: [] }],
    });
    expect(found.disagreements).toEqual([]);
  });
});

describe('what clients were told', () => {
  it.each<[string, string, Told]>([
    ['order k was accepted, and is not recorded', 'k', { outcome: 'accepted' }],
    ['order key of t1 was refused, and is recorded', 'key of t1', { outcome: 'refused' }],
    [
      'order key of t1 was accepted as transfer t2, and recorded as another',
      'key of t1',
      { outcome: 'accepted', transferId: 't2' },
    ],
    [
      'order key of t1 was shown as rejected, and transfer t1 is posted',
      'key of t1',
      { outcome: 'accepted', transferId: 't1', shown: 'rejected' },
    ],
  ])('is a disagreement where it is not so: %s', (sentence, key, told) => {
    expect(audit(HEALTHY, new Map([[key, told]])).disagreements).toEqual([sentence]);
  });

  it('is none where it is so, or where they could not know', () => {
    const told = new Map<string, Told>([
      ['key of t1', { outcome: 'accepted', transferId: 't1', shown: 'posted' }],
      ['key of t2', { outcome: 'unknown' }],
      ['k1', { outcome: 'unknown' }],
      ['k2', { outcome: 'refused' }],
    ]);
    expect(audit(HEALTHY, told).disagreements).toEqual([]);
  });
});
