import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { CloudEvent } from './cloud-event.js';
import { defineEvent, defineEvents } from './event-registry.js';
import { InvalidEventError } from './nats.errors.js';

const events = defineEvents('urn:test:event', {
  'coin.tossed': defineEvent({
    version: '2.1',
    source: '/mint',
    data: z.object({ coinId: z.string(), side: z.enum(['heads', 'tails']) }),
    key: (data) => data.coinId,
  }),
  'coin.lost': defineEvent({ version: '1.0', source: '/mint', data: z.object({}), key: () => 'all' }),
});
const tossed = { coinId: 'c1', side: 'heads' } as const;

/** An event on the wire, with some of its fields changed; `undefined` takes one out. */
function encoded(changes: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...events.create('coin.tossed', tossed), ...changes });
}

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof InvalidEventError) return error.problems;
    throw error;
  }
  return [];
}

describe('making an event', () => {
  it('gives it the envelope of CloudEvents 1.0, with a version in its schema and the key of its data', () => {
    const time = new Date('2026-01-02T03:04:05.678Z');
    expect(events.create('coin.tossed', tossed, { subject: 'c1', time })).toEqual({
      specversion: '1.0',
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      source: '/mint',
      type: 'coin.tossed',
      subject: 'c1',
      time: '2026-01-02T03:04:05.678Z',
      datacontenttype: 'application/json',
      dataschema: 'urn:test:event:coin.tossed:2.1',
      partitionkey: 'c1',
      data: tossed,
    });
  });

  it('gives each its own id', () => {
    expect(events.create('coin.lost', {}).id).not.toBe(events.create('coin.lost', {}).id);
  });

  it('leaves the subject out when there is none', () => {
    expect(events.create('coin.lost', {})).not.toHaveProperty('subject');
  });

  it('refuses data that does not fit, naming each field', () => {
    const wrong = { coinId: 7, side: 'edge' } as unknown as typeof tossed;
    expect(problemsOf(() => events.create('coin.tossed', wrong))).toEqual([
      expect.stringMatching(/^coinId: /),
      expect.stringMatching(/^side: /),
    ]);
  });

  it.each([
    ['an empty key', { ...tossed, coinId: '' }, {}, /^partitionkey: /],
    ['an empty subject', tossed, { subject: '' }, /^subject: /],
  ])('refuses %s, which its readers would refuse', (_case, data, attributes, problem) => {
    expect(problemsOf(() => events.create('coin.tossed', data, attributes))).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  it('refuses a type that is not defined, also one that every object has', () => {
    for (const type of ['coin.found', 'constructor']) {
      expect(problemsOf(() => events.create(type as 'coin.lost', {}))).toEqual([
        'no event of this type is defined',
      ]);
    }
  });
});

describe('reading an event', () => {
  it('gives back what was made', () => {
    const event = events.create('coin.tossed', tossed, { subject: 'c1' });
    expect(events.decode('coin.tossed', Buffer.from(JSON.stringify(event)))).toEqual(event);
  });

  it('keeps the sequence that was added to it', () => {
    expect(events.decode('coin.tossed', encoded({ sequence: '0000000000000000007' })).sequence).toBe(
      '0000000000000000007',
    );
  });

  it('leaves out fields that it does not know, in the envelope and in the data', () => {
    const event = events.decode('coin.tossed', encoded({ weather: 'fair', data: { ...tossed, year: 1999 } }));
    expect(event).not.toHaveProperty('weather');
    expect(event.data).toEqual(tossed);
  });

  it('takes every minor version of the major that it knows', () => {
    for (const version of ['2.0', '2.1', '2.99']) {
      const dataschema = `urn:test:event:coin.tossed:${version}`;
      expect(events.decode('coin.tossed', encoded({ dataschema })).dataschema).toBe(dataschema);
    }
  });

  it.each(['1.9', '3.0', '20.0'])('refuses major version of %s', (version) => {
    expect(
      problemsOf(() =>
        events.decode('coin.tossed', encoded({ dataschema: `urn:test:event:coin.tossed:${version}` })),
      ),
    ).toEqual([`its version is ${version}, and only major version 2 is understood`]);
  });

  it('refuses the major version before the data, which may look different there', () => {
    const other = encoded({ dataschema: 'urn:test:event:coin.tossed:3.0', data: { face: 1 } });
    expect(problemsOf(() => events.decode('coin.tossed', other))).toEqual([
      'its version is 3.0, and only major version 2 is understood',
    ]);
  });

  it('refuses another type', () => {
    const lost = JSON.stringify(events.create('coin.lost', {}));
    expect(problemsOf(() => events.decode('coin.tossed', lost))).toEqual(['its type is coin.lost']);
  });

  it('refuses what is not JSON, and keeps the cause', () => {
    expect(problemsOf(() => events.decode('coin.tossed', '{"specversion'))).toEqual(['it is not JSON']);
    expect(() => events.decode('coin.tossed', '{')).toThrow(
      expect.objectContaining({ cause: expect.any(SyntaxError) }),
    );
  });

  it.each(['null', '7', '[]', '"text"'])('refuses %s, which is no envelope', (text) => {
    expect(problemsOf(() => events.decode('coin.tossed', text))).not.toEqual([]);
  });

  it.each([
    ['specversion', '0.3'],
    ['id', 'not-a-uuid'],
    ['source', ''],
    ['time', 'yesterday'],
    ['datacontenttype', 'text/plain'],
    ['dataschema', 'urn:test:event:coin.tossed'],
    ['partitionkey', undefined],
  ])('refuses an envelope whose %s is %j', (field, value) => {
    expect(problemsOf(() => events.decode('coin.tossed', encoded({ [field]: value })))).toEqual([
      expect.stringMatching(new RegExp(`^${field}: `)),
    ]);
  });

  it.each([[{ coinId: 'c1' }], [null], [undefined]])('refuses data that does not fit: %j', (data) => {
    expect(problemsOf(() => events.decode('coin.tossed', encoded({ data })))).toHaveLength(1);
  });
});

describe('types', () => {
  it('know the data of each event', () => {
    const event = events.create('coin.tossed', tossed);
    const side: 'heads' | 'tails' = event.data.side;
    // @ts-expect-error -- the side of a coin is not a number
    const wrongSide: number = event.data.side;
    const generic: CloudEvent = event;
    expect([side, wrongSide, generic.type]).toEqual(['heads', 'heads', 'coin.tossed']);
  });

  it('refuse wrong data and unknown types at compile time', () => {
    // @ts-expect-error -- the side is missing
    expect(() => events.create('coin.tossed', { coinId: 'c1' })).toThrow(InvalidEventError);
    // @ts-expect-error -- there is no such event
    expect(() => events.create('coin.found', {})).toThrow(InvalidEventError);
    // @ts-expect-error -- a version is written major.minor
    defineEvent({ version: 'two', source: '/mint', data: z.object({}), key: () => 'all' });
    defineEvent({
      version: '1.0',
      source: '/mint',
      data: z.object({ coinId: z.string() }),
      // @ts-expect-error -- the key is taken from fields that the data has
      key: (data) => data.purseId as string,
    });
  });
});

describe('verifying an event', () => {
  const verify = (event: object) => events.verify(event as CloudEvent);

  it('gives a copy that reads as a consumer will read it', () => {
    const event = events.create('coin.tossed', tossed);
    expect(verify(event)).toEqual(event);
    expect(verify(event).data).not.toBe(event.data);
  });

  it.each([
    ['a type that is not defined', { type: 'coin.spent' }, 'no event of this type is defined'],
    ['data that does not fit', { data: { coinId: 'c1', side: 'edge' } }, 'side'],
    ['data that JSON has no word for', { data: { coinId: 1n } }, 'cannot be written as JSON'],
    ['an id that is random', { id: '2f1c1c1e-6f0b-4b8e-9c4e-0d6a2c1b7f10' }, 'id'],
    ['no key', { partitionkey: '' }, 'partitionkey'],
    ['another major version', { dataschema: 'urn:test:event:coin.tossed:3.0' }, 'version'],
  ])('refuses %s', (_, changes, problem) => {
    const event = { ...events.create('coin.tossed', tossed), ...changes };
    expect(problemsOf(() => verify(event)).join('; ')).toContain(problem);
  });
});

describe('the trace of an event', () => {
  it('is read with it', () => {
    const traced = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=1',
    };
    expect(events.decode('coin.tossed', encoded(traced))).toMatchObject(traced);
  });

  it('is no reason to refuse it', () => {
    const read = events.decode('coin.tossed', encoded({ traceparent: 7, tracestate: [] }));
    expect(read.traceparent).toBeUndefined();
    expect(read.data).toEqual(tossed);
  });
});
