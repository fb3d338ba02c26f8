import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { PublishAck } from '@app/nats';
import { eventually, FakeMessageBus, RecordedLog } from '@app/nats/testing';
import type { OutboxStep } from '../diagnostics.js';
import { noteWritten, textsOf } from '../../testing/notes.js';
import { OutboxFixture, type FixtureRelayOptions } from '../../testing/outbox-fixture.js';
import type { Relay } from '../relay/relay.js';
import { CLAIM_SUSPECT } from './claim-lanes.js';
import { RECOVER_LANES } from './recover-lanes.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(60_000);

/** Longer than a busy machine keeps a relay waiting between a claim and its publish: a lease that ends counts as an end. */
const LEASE_MS = 300;
const FAILURES_MAX = 2;

let fixture: OutboxFixture;
let broker: FakeMessageBus;

beforeAll(async () => {
  RecordedLog.start();
  fixture = await OutboxFixture.create();
});
beforeEach(() => {
  broker = new FakeMessageBus();
});
afterEach(() => fixture.clear());
afterAll(() => fixture.drop());

const sent = () => textsOf(broker.published.map(({ payload }) => payload));
const timesSent = (text: string) => sent().filter((one) => one === text).length;

/** The way of one relay to the broker, which ends with that relay. */
class Way extends FakeMessageBus {
  dead = false;
  inFlight = 0;
  inFlightMost = 0;

  constructor(private readonly dies: (text: string) => boolean = () => false) {
    super();
  }

  override async publish(channel: string, payload: string): Promise<PublishAck> {
    if (this.dead) throw new Error('the process has ended');
    this.inFlightMost = Math.max(this.inFlightMost, ++this.inFlight);
    const ack = await broker.publish(channel, payload);
    const dies = this.dies(textsOf([payload])[0] ?? '');
    await new Promise(setImmediate);
    this.inFlight--;
    if (dies) this.dead = true;
    // A process that has ended is not told of an acknowledgement.
    if (this.dead) throw new Error('the process has ended');
    return ack;
  }
}

/** A relay whose process ends where `way` says: nothing it does from then on reaches broker or database. */
function mortal(way: Way, options: FixtureRelayOptions = {}): Relay {
  const { dataSource } = fixture;
  const query = <Rows>(sql: string, parameters?: unknown[]) =>
    way.dead ? Promise.reject(new Error('the process has ended')) : dataSource.query<Rows>(sql, parameters);
  const cut = Object.create(dataSource, { query: { value: query } }) as typeof dataSource;
  return fixture.relay(way, { leaseMs: LEASE_MS, failuresMax: FAILURES_MAX, ...options, dataSource: cut });
}

/** One life: takes over what the last one left, works until it ends at this step or has nothing to do. */
async function live(
  options: { step?: OutboxStep; dies?: (text: string) => boolean } & FixtureRelayOptions = {},
) {
  const { step, dies, ...rest } = options;
  const way = new Way(dies);
  const relay = mortal(way, rest);
  const kill = () => void (way.dead = true);
  if (step) subscribe(step, kill);
  try {
    await eventually('the leases have run out', async () => (await expired()) === (await leases()));
    await relay.recover();
    for (;;) if ((await relay.deliverBatch()).sent === 0) break;
  } catch (error) {
    if (!way.dead) throw error;
  } finally {
    if (step) unsubscribe(step, kill);
  }
  return way;
}

const leases = () => fixture.count('select count(*) from outbox_lease');
const expired = () => fixture.count('select count(*) from outbox_lease where ends_at <= clock_timestamp()');

/** Lives of the whole loop, each of which ends when it publishes one of these texts, until all is done. */
async function liveUntilDone(dies: (text: string) => boolean, options: FixtureRelayOptions = {}) {
  const ways: Way[] = [];
  const done = async () =>
    (await fixture.count('select count(*) from outbox_lane where blocked_at is null')) === 0;
  while (!(await done())) {
    if (ways.length > 20) throw new Error('twenty lives were not enough');
    const way = new Way(dies);
    ways.push(way);
    const relay = mortal(way, {
      recoverMs: 20,
      pollLongestMs: 20,
      retryFirstMs: 5,
      retryLongestMs: 5,
      ...options,
    });
    relay.start();
    try {
      await eventually('it dies, or is done', async () => way.dead || (await done()), 10_000);
    } finally {
      await relay.stop();
    }
  }
  return ways;
}

describe('a relay that is killed', () => {
  it.each([
    ['outbox.relay.claimed', 0],
    ['outbox.relay.publishing', 0],
    ['outbox.relay.acked', 1],
    ['outbox.relay.settling', 1],
  ] as const)(
    'at %s loses nothing, and the attempt was counted before it was made',
    async (step, reached) => {
      await fixture.emit(noteWritten('a', '1'));
      for (let life = 1; life <= 2; life++) {
        await live({ step, runMax: 1 });
        expect(timesSent('1')).toBe(reached * life);
      }
      // After the second end it is a suspect, which an ordinary claim leaves alone.
      await live();
      expect(timesSent('1')).toBe(2 * reached);
      expect(await fixture.count('select count(*) from outbox_lane where crashes = 2')).toBe(1);
      await liveUntilDone(() => false);
      const [message] = await fixture.messages();
      expect(message).toMatchObject({ state: 'settled', attempts: 3 });
      // Exactly as published, where the publish was reached; one more for each time it was not.
      expect(timesSent('1')).toBe(2 * reached + 1);
      expect(await leases()).toBe(0);
    },
  );

  it.each([
    ['outbox.relay.claimed', 0],
    ['outbox.relay.publishing', 0],
    ['outbox.relay.acked', 1],
    ['outbox.relay.settling', 3],
  ] as const)(
    'at %s with a run of three: each counts at least what was published of it',
    async (step, reached) => {
      await fixture.emit(...['1', '2', '3'].map((text) => noteWritten('a', text)));
      await live({ step, runMax: 3 });
      expect(sent()).toEqual(['1', '2', '3'].slice(0, reached));
      const way = await live({ runMax: 3 });
      expect(way.dead).toBe(false);
      expect(sent().slice(reached)).toEqual(['1', '2', '3']);
      const rows = await fixture.messages();
      expect(rows.map(({ attempts, state }) => `${state} ${attempts}`)).toEqual(Array(3).fill('settled 2'));
      for (const { text, attempts } of rows) expect(attempts).toBeGreaterThanOrEqual(timesSent(text));
    },
  );

  it('takes no count of a message behind the run that it held', async () => {
    await fixture.emit(...['1', '2', '3'].map((text) => noteWritten('a', text)));
    await live({ step: 'outbox.relay.acked', runMax: 2 });
    await live({ runMax: 2 });
    expect((await fixture.messages()).map(({ attempts }) => attempts)).toEqual([2, 2, 1]);
    expect([timesSent('1'), timesSent('2'), timesSent('3')]).toEqual([2, 1, 1]);
  });
});

describe('a message that ends every process which publishes it', () => {
  const poison = (text: string) => text === 'poison';
  const options = { types: { 'note.written': { whenPoisoned: 'park' } } } as const;

  it('is published alone after two ends, named after two more, and nobody else is given up', async () => {
    await fixture.emit(noteWritten('bad', 'poison'), noteWritten('bad', 'behind'));
    await fixture.emit(...Array.from({ length: 10 }, (_, n) => noteWritten(`book ${n}`, `good ${n}`)));
    const ways = await liveUntilDone(poison, options);

    // Twice with the others, and then as often as it takes to be sure.
    expect(timesSent('poison')).toBe(2 + FAILURES_MAX);
    expect(ways.filter(({ dead }) => dead)).toHaveLength(2 + FAILURES_MAX);
    // Alone means that this life has had nothing in flight beside anything.
    const alone = ways.slice(2, 2 + FAILURES_MAX);
    expect(alone.map(({ inFlightMost }) => inFlightMost)).toEqual(alone.map(() => 1));
    const parked = await fixture.dataSource.query<object[]>(
      `select key, sequence::int, attempts, failures, error, policy from outbox_parked`,
    );
    expect(parked).toEqual([
      {
        key: 'bad',
        sequence: 1,
        attempts: 2 + FAILURES_MAX,
        failures: FAILURES_MAX,
        error: 'Its relay ended while it alone was being published',
        policy: 'park',
      },
    ]);
    const rows = await fixture.messages();
    expect(rows.filter(({ state }) => state === 'settled')).toHaveLength(11);
    for (const { text, attempts } of rows) {
      if (!poison(text)) expect(attempts).toBeGreaterThanOrEqual(timesSent(text));
    }
    expect(await leases()).toBe(0);
  });

  it('blocks its key, if so configured; from then on it is no suspect, and holds nobody up', async () => {
    await fixture.emit(noteWritten('bad', 'poison'), noteWritten('bad', 'behind'));
    await liveUntilDone(poison);
    expect(timesSent('poison')).toBe(2 + FAILURES_MAX);
    expect(await fixture.count('select count(*) from outbox_lane where blocked_at is not null')).toBe(1);

    const statements: string[] = [];
    jest.spyOn(fixture.dataSource.logger, 'logQuery').mockImplementation((sql) => void statements.push(sql));
    const relay = fixture.relay(broker, { recoverMs: 10, pollLongestMs: 10 });
    relay.start();
    const looks = () => statements.filter((sql) => sql === RECOVER_LANES).length;
    try {
      await eventually('it has looked three times', () => looks() >= 3);
    } finally {
      await relay.stop();
      jest.restoreAllMocks();
    }
    expect(statements).not.toContain(CLAIM_SUSPECT);
    expect(timesSent('poison')).toBe(2 + FAILURES_MAX);
  });

  it('is no suspect any more once a process has outlived it: the ends before were another’s fault', async () => {
    await fixture.emit(noteWritten('a', '1'), noteWritten('a', '2'));
    for (let life = 0; life < 2; life++) await live({ step: 'outbox.relay.publishing' });
    broker.answerWith('answer-unknown');
    const relay = fixture.relay(broker, {
      recoverMs: 10,
      pollLongestMs: 10,
      retryFirstMs: 60_000,
      retryLongestMs: 60_000,
    });
    relay.start();
    await eventually('it is tried', () => timesSent('1') === 1);
    await relay.stop();
    expect(await fixture.dataSource.query('select crashes, failures from outbox_lane')).toEqual([
      { crashes: 0, failures: 0 },
    ]);
  });
});
