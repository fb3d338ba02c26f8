import { describe, expect, it } from '@jest/globals';
import { factsOf } from './step-facts.js';

const event = {
  id: 'e1',
  type: 'transfer.requested',
  partitionkey: 'k1',
  sequence: '0000000000000000007',
  data: { secret: 'no fact' },
};

describe('the facts of a step', () => {
  it.each([
    ['of an event', { event }, { id: 'e1', channel: 'transfer.requested', key: 'k1', sequence: 7 }],
    [
      'of a publish',
      { channel: 'c', payload: JSON.stringify(event), ack: { guid: 'g', sequence: 3 } },
      { channel: 'c', id: 'e1', key: 'k1', sequence: 7, brokerSequence: 3 },
    ],
    [
      'of a delivery: its own number is the broker’s, the event’s is that of its key',
      {
        message: {
          channel: 'c',
          data: Buffer.from(JSON.stringify(event)),
          sequence: 3,
          redelivered: true,
        },
      },
      { channel: 'c', id: 'e1', key: 'k1', sequence: 7, brokerSequence: 3, redelivered: true },
    ],
    [
      'of a message of the outbox',
      { message: { id: 'e1', key: 'k1', sequence: 7n, type: 'c', envelope: '{}' }, lane: { key: 'k1' } },
      { id: 'e1', channel: 'c', key: 'k1', sequence: 7 },
    ],
    [
      'of a batch: each fact is a list',
      {
        batch: {
          runs: new Map([
            ['k1', [{ id: 'e1', key: 'k1', sequence: 1n, type: 'c' }]],
            ['k2', [{ id: 'e2', key: 'k2', sequence: 4n, type: 'c' }]],
          ]),
        },
        settlement: {},
      },
      { id: ['e1', 'e2'], channel: ['c', 'c'], key: ['k1', 'k2'], sequence: [1, 4] },
    ],
    [
      'of the events of a transaction',
      { events: [{ event, key: 'k1', ordered: true }] },
      { id: ['e1'], channel: ['transfer.requested'], key: ['k1'], sequence: [7] },
    ],
    ['of what nobody can read', { channel: 'c', payload: 'no JSON' }, { channel: 'c' }],
    ['of an error', { error: new RangeError('too far') }, { error: 'RangeError: too far' }],
    [
      'of numbers and words',
      { expiredLeases: 2, reason: 'why', missing: 3n, gapOpened: true, none: null },
      {
        expiredLeases: 2,
        reason: 'why',
        missing: 3,
        gapOpened: true,
      },
    ],
    ['of a connection', { connection: { options: { password: 'secret' } } }, {}],
  ])('%s', (_of, detail, facts) => {
    expect(factsOf(detail)).toEqual(facts);
  });
});
