import { describe, expect, it } from '@jest/globals';
import type { EventData, EventOf } from '@app/nats';
import { bankEvents, type BankEvents } from './bank-events.js';
import { REJECTION_REASONS, systemAccountId } from './values.js';

const ids = {
  transferId: '019a0000-0000-7000-8000-000000000001',
  debitAccountId: '019a0000-0000-7000-8000-00000000000a',
};
const creditAccountId = '019a0000-0000-7000-8000-00000000000b';
const instant = '2026-01-02T03:04:05.678Z';

/** What version 1.0 has of each event, and every version after it. */
const examples = {
  'transfer.requested': {
    ...ids,
    creditAccountId,
    amountMinor: '1250',
    currency: 'EUR',
    requestedAt: instant,
  },
  'transfer.posted': { ...ids, postedAt: instant },
  'transfer.rejected': { ...ids, reason: 'insufficient_funds', rejectedAt: instant },
} as const;
const types = Object.keys(examples) as (keyof BankEvents)[];

/** The same call for any of the types, with data that need not fit. */
function create(type: keyof BankEvents, data: unknown): EventOf<BankEvents> {
  return bankEvents.create(type, data as EventData<BankEvents, typeof type>);
}

describe('the events of the bank', () => {
  it('are the three of a transfer', () => {
    expect(Object.keys(bankEvents.definitions).sort()).toEqual([...types].sort());
  });

  it.each(types)('%s comes back as it was made', (type) => {
    const event = create(type, { ...examples[type], creditAccountId });
    expect(bankEvents.decode(type, JSON.stringify(event))).toEqual(event);
  });

  it.each(types)('%s has the account debited as its key', (type) => {
    expect(create(type, examples[type]).partitionkey).toBe(ids.debitAccountId);
  });

  it.each([
    ['transfer.requested', '/transactions'],
    ['transfer.posted', '/accounts'],
    ['transfer.rejected', '/accounts'],
  ] as const)('%s is said by %s, in version 1.1', (type, source) => {
    expect(create(type, examples[type])).toMatchObject({ source, dataschema: `urn:bank:event:${type}:1.1` });
  });

  const fields = types.flatMap((type) => Object.keys(examples[type]).map((field) => [type, field] as const));
  it.each(fields)('%s is refused without %s, on both sides', (type, field) => {
    const event = create(type, examples[type]);
    const data = { ...examples[type], [field]: undefined };
    expect(() => create(type, data)).toThrow(`Not a valid ${type} event: ${field}: `);
    expect(() => bankEvents.decode(type, JSON.stringify({ ...event, data }))).toThrow(
      `Not a valid ${type} event: ${field}: `,
    );
  });
});

describe('an amount', () => {
  it.each(['1', '1250', '999999999999999'])('may be %s', (amountMinor) => {
    expect(() =>
      create('transfer.requested', { ...examples['transfer.requested'], amountMinor }),
    ).not.toThrow();
  });

  it.each(['0', '-1', '1.5', '01', '', '1e3', ' 1', '1\n', '1000000000000000', 1250, null])(
    'may not be %j',
    (amountMinor) => {
      expect(() => create('transfer.requested', { ...examples['transfer.requested'], amountMinor })).toThrow(
        'amountMinor: ',
      );
    },
  );
});

describe('a currency', () => {
  it.each(['EUR', 'USD', 'JPY'])('may be %s', (currency) => {
    expect(() => create('transfer.requested', { ...examples['transfer.requested'], currency })).not.toThrow();
  });

  it.each(['eur', 'EU', 'XYZ', 'EURO', '', 978])('may not be %j', (currency) => {
    expect(() => create('transfer.requested', { ...examples['transfer.requested'], currency })).toThrow(
      'currency: ',
    );
  });
});

describe('the reason of a rejection', () => {
  it.each(REJECTION_REASONS)('may be %s', (reason) => {
    expect(() => create('transfer.rejected', { ...examples['transfer.rejected'], reason })).not.toThrow();
  });

  it('is one of a closed list', () => {
    expect(() =>
      create('transfer.rejected', { ...examples['transfer.rejected'], reason: 'no_reason' }),
    ).toThrow('reason: ');
    // @ts-expect-error -- the type is as closed as the schema
    const reason: EventData<BankEvents, 'transfer.rejected'>['reason'] = 'no_reason';
    expect(reason).toBeDefined();
  });
});

describe('the accounts of a requested transfer', () => {
  const { debitAccountId } = examples['transfer.requested'];

  it('are compared as the database writes them, however they were sent', () => {
    const data = { ...examples['transfer.requested'], debitAccountId: debitAccountId.toUpperCase() };
    expect(create('transfer.requested', data)).toMatchObject({
      partitionkey: debitAccountId.toLowerCase(),
      data: { debitAccountId: debitAccountId.toLowerCase() },
    });
  });

  it('are read even if they are the same one: whoever decides on it can refuse it, and nobody waits for ever', () => {
    const data = { ...examples['transfer.requested'], creditAccountId: debitAccountId };
    expect(() => create('transfer.requested', data)).not.toThrow();
  });
});

describe('an event of version 1.0', () => {
  it('is a transfer on the word of the bank', () => {
    const event = create('transfer.requested', examples['transfer.requested']);
    expect(event.data).toEqual({ ...examples['transfer.requested'], kind: 'transfer', authority: 'bank' });
  });
});

describe('the key of a deposit', () => {
  const deposit = { ...ids, debitAccountId: systemAccountId('EUR'), creditAccountId };

  it.each([
    ['transfer.requested', { ...examples['transfer.requested'], ...deposit, kind: 'deposit' }],
    ['transfer.posted', { ...deposit, postedAt: instant }],
    ['transfer.rejected', { ...deposit, reason: 'account_not_found', rejectedAt: instant }],
  ] as const)('is the account credited: %s', (type, data) => {
    expect(create(type, data).partitionkey).toBe(creditAccountId);
  });
});
