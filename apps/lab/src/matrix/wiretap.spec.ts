import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Cable } from '../cable/cable.js';
import type { NatsMessage } from '../cable/message.js';
import type { StrikeOptions } from '../cable/strike.js';
import { Wiretap } from './wiretap.js';

const CHANNEL = 'transfer.requested';
const event = (id: string) =>
  JSON.stringify({
    id,
    type: CHANNEL,
    partitionkey: 'a',
    sequence: '1',
    data: { transferId: 't', debitAccountId: 'a', amountMinor: '1', currency: 'EUR' },
  });

describe('Wiretap', () => {
  let hear: (message: Omit<NatsMessage, 'protocol' | 'channel'>) => void;
  let wiretap: Wiretap;

  beforeEach(() => {
    const strike = ({ action }: StrikeOptions) => {
      if (typeof action !== 'function') throw new Error('it only listens');
      hear = (message) => {
        expect(action({ protocol: 'nats', channel: CHANNEL, ...message })).toBe('pass');
      };
    };
    wiretap = new Wiretap([{ strike } as unknown as Cable]);
  });

  it('is quiet when what was published came out, and what came out is acknowledged', () => {
    expect(wiretap.isQuiet).toBe(true);
    hear({ kind: 'publish', text: event('one') });
    expect(wiretap.isQuiet).toBe(false);
    hear({ kind: 'delivery', sequence: 7, text: event('one') });
    expect(wiretap.isQuiet).toBe(false);
    hear({ kind: 'delivery-ack', sequence: 7 });
    expect(wiretap.isQuiet).toBe(true);
    expect(wiretap.traffic).toBe(3);
  });

  it('knows what the broker holds, and what it is still going to deliver', () => {
    hear({ kind: 'delivery', sequence: 7, text: event('one') });
    hear({ kind: 'delivery', sequence: 8, text: event('two') });
    hear({ kind: 'delivery', sequence: 9, text: 'no event at all' });
    hear({ kind: 'delivery-ack', sequence: 7 });
    const { events, undelivered } = wiretap.channels;
    expect(events.map(({ id, number }) => [id, number])).toEqual([
      ['one', 7],
      ['two', 8],
    ]);
    expect(undelivered?.has('two')).toBe(true);
    expect(undelivered?.has('one')).toBe(false);
  });

  it('forgets, as a broker whose store is lost', () => {
    hear({ kind: 'publish', text: event('one') });
    wiretap.forget();
    expect([wiretap.isQuiet, wiretap.channels.events]).toEqual([true, []]);
  });
});
