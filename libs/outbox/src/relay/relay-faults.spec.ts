import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { announcedSteps } from '../../testing/announced-steps.js';
import { serverError } from '../../testing/fake-database.js';
import { textsOf } from '../../testing/notes.js';
import { LONG_MS, recovered, RelayRig } from '../../testing/relay-rig.js';
import { RELAY_DEFAULTS } from '../outbox.options.js';
import { CLAIM_LANES, CLAIM_SUSPECT } from '../sql/claim-lanes.js';
import { RECOVER_LANES } from '../sql/recover-lanes.js';
import { SETTLE_LANES } from '../sql/settle-lanes.js';

let rig: RelayRig;

beforeEach(() => {
  rig = new RelayRig();
});
afterEach(() => rig.dispose());

describe('while there is no broker', () => {
  it('nothing is claimed without a connection, and everything goes the moment there is one', async () => {
    rig.bus.answerWith('not-connected');
    rig.waits('a');
    rig.relay.start();
    await rig.pass(10_000);
    expect(rig.database.statements).toEqual([]);
    rig.bus.answerWith('acknowledge');
    await rig.pass();
    expect(rig.bus.published).toHaveLength(1);
  });

  it('that answers, nothing is claimed for pauses that double; then one message tells', async () => {
    rig.bus.answerWith('answer-unknown');
    rig.relayWith({ retryFirstMs: 100, retryLongestMs: 300, lanesMax: 2, batchesMax: 1 });
    for (let n = 0; n < 20; n++) rig.waits(`book ${n}`, ['1', '2']);
    rig.relay.start();
    await rig.pass(1_000);
    expect(rig.claimTimes).toEqual([0, 100, 300, 600, 900]);
    expect(rig.bus.published).toHaveLength(2 + 4);
    expect(rig.lines('warn').filter((line) => line.includes('does not answer'))).toHaveLength(1);
  });

  it('that answers, it goes on with batches once a probe is acknowledged, and says so', async () => {
    rig.bus.answerWith('answer-unknown');
    rig.relayWith({ retryFirstMs: 100, retryLongestMs: 300, batchesMax: 1 });
    rig.waits('a', ['1', '2']);
    const steps = await announcedSteps(async () => {
      rig.relay.start();
      await rig.pass(50);
      // Without a word of the connection, which was there all the time.
      jest.spyOn(rig.bus, 'publish').mockResolvedValue({ guid: 'x' });
      rig.waits('b');
      rig.waits('c');
      await rig.pass(100);
    });
    const limits = rig.statements(CLAIM_LANES).map(({ parameters }) => [parameters[1], parameters[5]]);
    expect(limits.slice(0, 3)).toEqual([
      [RELAY_DEFAULTS.lanesMax, RELAY_DEFAULTS.runMax],
      [1, 1],
      [RELAY_DEFAULTS.lanesMax, RELAY_DEFAULTS.runMax],
    ]);
    expect(steps.filter((step) => /paused|resumed/.test(step))).toEqual([
      'outbox.relay.paused',
      'outbox.relay.resumed',
    ]);
    expect(rig.lines('log')).toEqual(['log The broker answers again']);
  });

  it('that answers, a connection that comes back ends the pause', async () => {
    rig.bus.answerWith('answer-unknown');
    rig.relayWith({ retryFirstMs: 10_000, retryLongestMs: 10_000 });
    rig.waits('a');
    rig.relay.start();
    await rig.pass(5_000);
    rig.waits('b');
    rig.bus.answerWith('acknowledge');
    await rig.pass();
    expect(rig.bus.published).toHaveLength(2);
  });

  it('an acknowledgement beside a failure is a broker that answers', async () => {
    rig.waits('a');
    rig.waits('b');
    jest.spyOn(rig.bus, 'publish').mockResolvedValueOnce({ guid: 'x' });
    rig.bus.answerWith('answer-unknown');
    const steps = await announcedSteps(() => rig.relay.deliverBatch());
    expect(steps).not.toContain('outbox.relay.paused');
  });
});

describe('suspects', () => {
  it('are claimed one by one, when nothing else is in flight, and nothing beside them', async () => {
    const { publish, answerOne } = rig.gatePublishes();
    rig.waits('ordinary', ['ordinary']);
    rig.waits('first', ['first'], rig.suspects);
    rig.waits('second', ['second'], rig.suspects);
    let looks = 0;
    rig.database.answer(RECOVER_LANES, () => [
      recovered({ suspects: ++looks > 1 && rig.suspects.length > 0 }),
    ]);
    rig.relayWith({ recoverMs: 100, batchesMax: 4 });
    rig.relay.start();
    await rig.pass(50);
    const texts = () => textsOf(publish.mock.calls.map(([, payload]) => payload));
    expect(texts()).toEqual(['ordinary']);
    await rig.pass(1_000);
    // The suspects are known by now, and wait for the ordinary one.
    expect([looks >= 2, texts()]).toEqual([true, ['ordinary']]);
    rig.waits('later', ['later']);
    answerOne();
    await rig.pass();
    expect(texts()).toEqual(['ordinary', 'first']);
    answerOne();
    await rig.pass();
    expect(texts()).toEqual(['ordinary', 'first', 'second']);
    answerOne();
    await rig.pass();
    expect(texts()).toEqual(['ordinary', 'first', 'second', 'later']);
    answerOne();
    await rig.pass();
    expect(rig.statements(CLAIM_SUSPECT)).toHaveLength(3);
    expect(rig.statements(CLAIM_SUSPECT)[0]?.parameters.slice(1, 2)).toEqual([1]);
  });
});

describe('the floor of the claims', () => {
  const floors = () => rig.statements(CLAIM_LANES).map(({ parameters }) => parameters[0]);
  /** The claims find nothing, and these floors; what is no number, is an error. */
  const floorsAre = (...answers: readonly string[]) => {
    let claims = 0;
    rig.database.answer(CLAIM_LANES, () => {
      const floor = answers[claims++] ?? '9999';
      if (Number.isNaN(Number(floor))) throw new Error(floor);
      return [{ floor, key: null }];
    });
  };

  it('begins at the beginning, and is then what the claim before has found', async () => {
    floorsAre('900', '1000', '1000');
    rig.relay.start();
    await rig.pass(400);
    expect(floors()).toEqual(['0', '900', '1000', '1000']);
  });

  it('begins again after an error: another server may answer now, whose transactions have lower ids', async () => {
    floorsAre('1000', 'the connection is lost', '800');
    rig.relay.start();
    await rig.pass(200);
    expect(floors()).toEqual(['0', '1000', '0', '800']);
  });

  it('begins again when the ids have gone back: the server is another one', async () => {
    floorsAre('1000', '999', '1001');
    rig.relay.start();
    await rig.pass(400);
    expect(floors()).toEqual(['0', '1000', '0', '1001']);
  });
});

describe('a database that fails', () => {
  const failing = () => {
    throw new Error('the database is shutting down');
  };

  it('is asked again after pauses that double, and that is said once; and once more after it has recovered', async () => {
    rig.relayWith({ retryFirstMs: 100, retryLongestMs: 400 });

    const times: number[] = [];
    rig.database.answer(CLAIM_LANES, () => {
      times.push(rig.elapsedMs);
      return times.length === 5 ? [{ floor: '7', key: null }] : failing();
    });
    rig.relay.start();
    await rig.pass(1_000);
    expect(times.slice(0, 4)).toEqual([0, 100, 300, 700]);
    expect(rig.lines('error')).toEqual(['error The outbox cannot be read or settled']);
    await rig.pass(1_000);
    expect(rig.lines('error')).toHaveLength(2);
  });

  it('is asked to settle again as long as the lease holds, and nothing is published twice', async () => {
    rig.relayWith({ retryFirstMs: 100, retryLongestMs: 100, leaseMs: 1_000 });
    rig.waits('a');
    const { answerOne } = rig.gatePublishes();
    rig.relay.start();
    await rig.pass();
    const away = performance.now();
    const whenBack = (rows: object[]) => () => (performance.now() < away + 350 ? failing() : rows);
    rig.database.answer(CLAIM_LANES, whenBack([{ floor: '7', key: null }]));
    rig.database.answer(SETTLE_LANES, whenBack([{ lanes: 1 }]));
    answerOne();
    await rig.pass(900);
    expect(rig.settlements()).toEqual(Array(5).fill(['a ready 1']));
    expect(rig.lines('error')).toHaveLength(1);
    expect(rig.lines('warn')).toEqual([]);
  });

  it('is not asked to settle beyond the lease', async () => {
    rig.relayWith({ retryFirstMs: 100, retryLongestMs: 100, leaseMs: 1_000 });
    rig.waits('a');
    rig.database.answer(SETTLE_LANES, failing);
    const delivering = expect(rig.relay.deliverBatch()).rejects.toThrow('shutting down');
    await rig.pass(2_000);
    await delivering;
    expect(rig.statements(SETTLE_LANES)).toHaveLength(11);
  });
});

describe('a broker that drops repeats', () => {
  const spanMs = RELAY_DEFAULTS.leaseMs + LONG_MS + RELAY_DEFAULTS.retryLongestMs;
  it.each([
    ['for as long as one may come: nothing is said', spanMs, []],
    ['for a shorter time: a warning', spanMs - 1, [`warn The broker drops repeats for ${spanMs - 1} ms`]],
    ['never: it is said, and is no warning', 0, ['log The broker drops no repeats']],
  ])('%s', (_, windowMs, said) => {
    jest.spyOn(rig.bus, 'duplicateWindowMs', 'get').mockReturnValue(windowMs);
    rig.relay.start();
    expect(rig.log.lines.map((line) => line.split(', ')[0])).toEqual(said);
  });
});

describe('a statement that met another one', () => {
  const conflict = (code: string) => () => {
    throw serverError(code);
  };

  it.each(['40001', '40P01'])('(%s) is repeated at once, and is no fault', async (code) => {
    rig.waits('a');
    const claimed = rig.ready.splice(0);
    let claims = 0;
    rig.database.answer(CLAIM_LANES, () => (++claims < 3 ? conflict(code)() : claimed));
    expect(await rig.relay.deliverBatch()).toEqual({ sent: 1, failed: 0 });
    expect(claims).toBe(3);
    expect(rig.log.lines).toEqual([]);
  });

  it('ten times in a row is a fault', async () => {
    rig.database.answer(CLAIM_LANES, conflict('40001'));
    await expect(rig.relay.deliverBatch()).rejects.toThrow('40001');
    expect(rig.statements(CLAIM_LANES)).toHaveLength(11);
  });

  it('for another reason is a fault at once', async () => {
    rig.database.answer(CLAIM_LANES, conflict('23505'));
    await expect(rig.relay.deliverBatch()).rejects.toThrow('23505');
    expect(rig.statements(CLAIM_LANES)).toHaveLength(1);
  });
});
