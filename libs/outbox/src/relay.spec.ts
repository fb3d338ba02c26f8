import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, FakeMessageBus } from '@app/nats/testing';
import { Logger } from '@nestjs/common';
import { announcedSteps } from '../testing/announced-steps.js';
import { FakeDatabase } from '../testing/fake-database.js';
import { noteWritten, textsOf } from '../testing/notes.js';
import { RELAY_DEFAULTS } from './outbox.options.js';
import { Relay } from './relay.js';

/** A rest that no test waits out: what happens within it, a wake-up did. */
const LONG_MS = 60_000;

let database: FakeDatabase;
let bus: FakeMessageBus;
let relay: Relay;
let errors: jest.Spied<Logger['error']>;

/** The statements of the relay, by a part that only they have. */
const CLAIM = 'skip locked';
const READ = 'attempts = attempts + 1';
const SETTLE = 'sent_at';

beforeEach(() => {
  errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  database = new FakeDatabase();
  bus = new FakeMessageBus();
  relay = relayWith({ pollMs: LONG_MS });
});

afterEach(async () => {
  await relay.stop();
  jest.restoreAllMocks();
});

function relayWith(options: Partial<typeof RELAY_DEFAULTS>): Relay {
  return new Relay(database.dataSource, bus, { ...RELAY_DEFAULTS, ...options });
}

/** The next claim finds one key with these messages; the ones after it find nothing. */
function keepWaiting(key: string, texts: readonly string[], attempts = 1): void {
  let claimed = false;
  database.answer(CLAIM, () => {
    const rows = claimed ? [] : [{ key, settled_sequence: '0' }];
    claimed = true;
    return rows;
  });
  const messages = texts.map((text, index) => {
    const event = noteWritten(key, text);
    const envelope = JSON.stringify(event);
    return { id: event.id, key, sequence: String(index + 1), type: event.type, envelope, attempts };
  });
  database.answer(READ, messages);
  database.answer(SETTLE, [{ keys: 1 }]);
}

const claims = () => database.statements.filter(({ sql }) => sql.includes(CLAIM)).length;
const settlement = () => database.statements.find(({ sql }) => sql.includes(SETTLE))?.parameters;

describe('a batch', () => {
  it('is published between two transactions, never within one', async () => {
    keepWaiting('a', ['1', '2']);
    jest.spyOn(bus, 'publish').mockImplementation((channel) => {
      database.journal.push(`publish ${channel}`);
      return Promise.resolve({ guid: 'x' });
    });
    await relay.deliverBatch();
    expect(database.journal).toEqual([
      'begin',
      'query',
      'query',
      'commit',
      'publish note.written',
      'publish note.written',
      'query',
    ]);
  });

  it('carries each event under its number within its key', async () => {
    keepWaiting('a', ['1', '2']);
    expect(await relay.deliverBatch()).toEqual({ sent: 2, failed: 0 });
    const sequences = bus.published.map(
      ({ payload }) => (JSON.parse(payload) as { sequence: string }).sequence,
    );
    expect(sequences).toEqual(['0000000000000000001', '0000000000000000002']);
  });

  it('settles what was acknowledged, and lets the key go at once', async () => {
    keepWaiting('a', ['1', '2']);
    await relay.deliverBatch();
    const [, keys, sequences, pauses, sentIds] = settlement() ?? [];
    expect([keys, sequences, pauses]).toEqual([['a'], [2n], [0]]);
    expect(sentIds).toHaveLength(2);
  });

  it('a failure ends the run of its key: none overtakes it', async () => {
    keepWaiting('a', ['1', '2', '3']);
    jest.spyOn(bus, 'publish').mockImplementationOnce(() => Promise.resolve({ guid: 'x' }));
    bus.answerWith('answer-unknown');
    expect(await relay.deliverBatch()).toEqual({ sent: 1, failed: 1 });
    expect(textsOf(bus.published.map(({ payload }) => payload))).toEqual(['2']);
    const [, , sequences, , sentIds] = settlement() ?? [];
    expect(sequences).toEqual([1n]);
    expect(sentIds).toHaveLength(1);
  });

  it('a key that failed rests the longer, the more often its message was tried', async () => {
    bus.answerWith('refuse');
    keepWaiting('a', ['1'], 1);
    await relay.deliverBatch();
    const first = (settlement()?.[3] as number[])[0];
    database.clear();
    keepWaiting('a', ['1'], 4);
    await relay.deliverBatch();
    const fourth = (settlement()?.[3] as number[])[0];
    // Backoff draws from the upper half of its range: 25–50 ms, and 200–400 ms.
    expect(first).toBeLessThanOrEqual(RELAY_DEFAULTS.retryFirstMs);
    expect(fourth).toBeGreaterThanOrEqual(RELAY_DEFAULTS.retryFirstMs * 4);
  });

  it('announces each of its steps, and those that went wrong', async () => {
    keepWaiting('a', ['1']);
    expect(await announcedSteps(() => relay.deliverBatch())).toEqual([
      'outbox.relay.claimed',
      'outbox.relay.acked',
      'outbox.relay.settled',
    ]);
    bus.answerWith('refuse');
    keepWaiting('a', ['1']);
    database.answer(SETTLE, [{ keys: 0 }]);
    expect(await announcedSteps(() => relay.deliverBatch())).toEqual([
      'outbox.relay.claimed',
      'outbox.relay.failed',
      'outbox.relay.settled',
      'outbox.relay.fenced',
    ]);
    expect(await announcedSteps(() => relay.deliverBatch())).toEqual([]);
  });
});

describe('the loop', () => {
  it('looks at once when it is started, and goes on until nothing is left', async () => {
    keepWaiting('a', ['1']);
    relay.start();
    await eventually('the second claim, which found nothing', () => claims() === 2);
    expect(bus.published).toHaveLength(1);
  });

  it('rests when the outbox is empty, and a wake-up ends the rest', async () => {
    relay.start();
    await eventually('the first claim', () => claims() === 1);
    keepWaiting('a', ['1']);
    relay.wake();
    await eventually('the publish', () => bus.published.length === 1);
  });

  it('looks again after its poll interval without any wake-up', async () => {
    relay = relayWith({ pollMs: 1 });
    relay.start();
    await eventually('three claims', () => claims() >= 3);
  });

  it('claims nothing while the bus is not ready, and starts the moment it is', async () => {
    bus.answerWith('not-connected');
    relay = relayWith({ pollMs: 1 });
    const looks = jest.spyOn(bus, 'ready', 'get');
    relay.start();
    await eventually('three looks at the bus', () => looks.mock.calls.length >= 3);
    expect(claims()).toBe(0);
    await relay.stop();

    relay = relayWith({ pollMs: LONG_MS });
    keepWaiting('a', ['1']);
    relay.start();
    bus.answerWith('acknowledge');
    await eventually('the publish', () => bus.published.length === 1);
  });

  it('survives a database that fails, says so once, and says so again after it has recovered', async () => {
    const failing = () => {
      throw new Error('the database is shutting down');
    };
    relay = relayWith({ pollMs: 1, retryFirstMs: 1, retryLongestMs: 1 });
    database.answer(CLAIM, failing);
    relay.start();
    await eventually('three failed claims', () => claims() >= 3);
    expect(errors).toHaveBeenCalledTimes(1);

    let recovered = 0;
    database.answer(CLAIM, () => (recovered++ === 0 ? [] : failing()));
    await eventually('a claim that worked and two that failed', () => recovered >= 3);
    expect(errors).toHaveBeenCalledTimes(2);
  });

  it('rests the longer, the more batches in a row have failed, whatever wakes it in between', async () => {
    bus.answerWith('answer-unknown');
    const rests = jest.spyOn(Math, 'random').mockReturnValue(1);
    relay = relayWith({ retryFirstMs: 1, retryLongestMs: 8, pollMs: 1 });
    const timeouts = jest.spyOn(globalThis, 'setTimeout');
    let batches = 0;
    // Every second claim finds nothing, as when a commit of somebody else's key wakes the relay.
    database.answer(CLAIM, () => (batches++ % 2 === 0 ? [{ key: 'a', settled_sequence: '0' }] : []));
    const event = noteWritten('a');
    const envelope = JSON.stringify(event);
    database.answer(READ, [
      { id: event.id, key: 'a', sequence: '1', type: event.type, envelope, attempts: 1 },
    ]);
    database.answer(SETTLE, [{ keys: 1 }]);
    relay.start();
    await eventually('the longest rest', () => timeouts.mock.calls.some(([, ms]) => ms === 8));
    rests.mockRestore();
  });

  it('does not rest while some keys fail and others are sent', async () => {
    let claimed = 0;
    database.answer(CLAIM, () =>
      claimed++ < 2 ? ['bad', 'good'].map((key) => ({ key, settled_sequence: '0' })) : [],
    );
    database.answer(READ, () =>
      ['bad', 'good'].map((key) => {
        const event = noteWritten(key, key);
        const envelope = JSON.stringify(event);
        return { id: event.id, key, sequence: '1', type: event.type, envelope, attempts: 1 };
      }),
    );
    database.answer(SETTLE, [{ keys: 2 }]);
    const acknowledge = bus.publish.bind(bus);
    jest.spyOn(bus, 'publish').mockImplementation((channel, payload) => {
      const [text] = textsOf([payload]);
      return text === 'bad' ? Promise.reject(new Error('too large')) : acknowledge(channel, payload);
    });
    relay = relayWith({ pollMs: LONG_MS, retryFirstMs: LONG_MS, retryLongestMs: LONG_MS });
    relay.start();
    await eventually('the claim that found nothing', () => claims() === 3);
    expect(bus.published).toHaveLength(2);
  });

  it('a second start changes nothing', async () => {
    relay.start();
    relay.start();
    await eventually('the first claim', () => claims() >= 1);
    await relay.stop();
    expect(claims()).toBe(1);
  });

  it('stops without being started, and twice', async () => {
    await relay.stop();
    await relay.stop();
    expect(database.journal).toEqual([]);
  });

  it('stop waits for the message at hand, settles it, and leaves the rest of its run', async () => {
    keepWaiting('a', ['1', '2', '3']);
    let acknowledge = () => {};
    const publish = jest
      .spyOn(bus, 'publish')
      .mockImplementation(() => new Promise((resolve) => (acknowledge = () => resolve({ guid: 'x' }))));
    relay.start();
    await eventually('the first publish', () => publish.mock.calls.length === 1);
    const stopped = jest.fn();
    const stopping = relay.stop().then(stopped);
    await new Promise(setImmediate);
    expect(stopped).not.toHaveBeenCalled();
    acknowledge();
    await stopping;
    expect(publish).toHaveBeenCalledTimes(1);
    expect(settlement()?.[4]).toHaveLength(1);
    expect(claims()).toBe(1);
  });

  it('starts again after a stop', async () => {
    relay.start();
    await eventually('the first claim', () => claims() === 1);
    await relay.stop();
    keepWaiting('a', ['1']);
    relay.start();
    await eventually('the publish', () => bus.published.length === 1);
  });
});
