import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { NatsNotConnectedError } from '@app/nats';
import { announcedSteps } from '../../testing/announced-steps.js';
import { JournalingMessageBus } from '../../testing/fake-database.js';
import { textsOf } from '../../testing/notes.js';
import { LONG_MS, PENDING_SINCE, recovered, RelayRig } from '../../testing/relay-rig.js';
import { RELAY_DEFAULTS } from '../outbox.options.js';
import { CLAIM_LANES } from '../sql/claim-lanes.js';
import { READ_RUNS } from '../sql/read-runs.js';
import { RECOVER_LANES } from '../sql/recover-lanes.js';
import { SETTLE_LANES } from '../sql/settle-lanes.js';

let rig: RelayRig;

beforeEach(() => {
  rig = new RelayRig();
});
afterEach(() => rig.dispose());

describe('a batch', () => {
  it('is claimed, read, published and settled, and no transaction is open around any of it', async () => {
    rig.bus = new JournalingMessageBus(rig.database.journal);
    rig.relayWith({});
    rig.waits('a', ['1', '2']);
    await rig.relay.deliverBatch();
    expect(rig.database.journal).toEqual([
      'query',
      'query',
      'publish note.written',
      'publish note.written',
      'query',
    ]);
    expect(rig.database.statements.map(({ sql }) => sql)).toEqual([CLAIM_LANES, READ_RUNS, SETTLE_LANES]);
  });

  it('carries each event under its number within its key, and its id for the broker', async () => {
    const publish = jest.spyOn(rig.bus, 'publish');
    rig.waits('a', ['1', '2']);
    expect(await rig.relay.deliverBatch()).toEqual({ sent: 2, failed: 0 });
    const events = rig.bus.published.map(
      ({ payload }) => JSON.parse(payload) as { id: string; sequence: string },
    );
    expect(events.map(({ sequence }) => sequence)).toEqual(['0000000000000000001', '0000000000000000002']);
    expect(publish.mock.calls.map(([, , options]) => options?.messageId)).toEqual(events.map(({ id }) => id));
  });

  it('publishes its lanes side by side, and of each one message at a time', async () => {
    const { publish, answerOne } = rig.gatePublishes();
    rig.waits('a', ['a1', 'a2']);
    rig.waits('b', ['b1']);
    const delivering = rig.relay.deliverBatch();
    await rig.pass();
    expect(textsOf(publish.mock.calls.map(([, payload]) => payload))).toEqual(['a1', 'b1']);
    for (let left = 3; left > 0; left--) {
      answerOne();
      await rig.pass();
    }
    await delivering;
    expect(rig.settlements()).toEqual([['a ready 2', 'b ready 1']]);
  });

  it('a failure ends the run of its lane: none overtakes it', async () => {
    rig.waits('a', ['1', '2', '3']);
    jest.spyOn(rig.bus, 'publish').mockResolvedValueOnce({ guid: 'x' });
    rig.bus.answerWith('answer-unknown');
    expect(await rig.relay.deliverBatch()).toEqual({ sent: 1, failed: 1 });
    expect(textsOf(rig.bus.published.map(({ payload }) => payload))).toEqual(['2']);
    expect(rig.settlements()).toEqual([['a retry 1']]);
  });

  it('a missing broker ends all of its runs', async () => {
    rig.waits('a', ['a1', 'a2']);
    rig.waits('b', ['b1', 'b2']);
    const { publish, answerOne } = rig.gatePublishes();
    const delivering = rig.relay.deliverBatch();
    await rig.pass();
    answerOne(new NatsNotConnectedError('lost'));
    await rig.pass();
    answerOne();
    await delivering;
    expect(publish).toHaveBeenCalledTimes(2);
    expect(rig.settlements()).toEqual([['a ready 0', 'b ready 1']]);
  });

  it('publishes nothing beyond its lease: another relay may hold the lane by then', async () => {
    const { publish, answerOne } = rig.gatePublishes();
    rig.relayWith({ leaseMs: 100 });
    rig.waits('a', ['1', '2']);
    const delivering = rig.relay.deliverBatch();
    await rig.pass(101);
    answerOne();
    await delivering;
    expect(publish).toHaveBeenCalledTimes(1);
    expect(rig.settlements()).toEqual([['a ready 1']]);
  });

  it('announces each of its steps, and those that went wrong', async () => {
    rig.waits('a');
    expect(await announcedSteps(() => rig.relay.deliverBatch())).toEqual([
      'outbox.relay.claimed',
      'outbox.relay.publishing',
      'outbox.relay.acked',
      'outbox.relay.settling',
      'outbox.relay.settled',
    ]);
    rig.relayWith({ failuresMax: 1 });
    rig.bus.answerWith('refuse');
    rig.waits('a');
    expect(await announcedSteps(() => rig.relay.deliverBatch())).toEqual([
      'outbox.relay.claimed',
      'outbox.relay.publishing',
      'outbox.relay.failed',
      'outbox.relay.settling',
      'outbox.relay.settled',
      'outbox.relay.parked',
    ]);
    rig.database.answer(SETTLE_LANES, [{ lanes: 0 }]);
    rig.waits('a');
    expect(await announcedSteps(() => rig.relay.deliverBatch())).toEqual([
      'outbox.relay.claimed',
      'outbox.relay.publishing',
      'outbox.relay.failed',
      'outbox.relay.settling',
      'outbox.relay.fenced',
    ]);
    expect(await announcedSteps(() => rig.relay.deliverBatch())).toEqual([]);
  });

  it('names the message that is given up', async () => {
    rig.relayWith({ failuresMax: 1 });
    rig.bus.answerWith('refuse');
    rig.waits('a');
    await rig.relay.deliverBatch();
    expect(rig.lines('error')).toEqual([expect.stringContaining('Message 1 of key a is given up (block): ')]);
  });

  it('after a relay that ended without a word holds one message of such a lane', async () => {
    rig.waits('a');
    rig.waits('b');
    Object.assign(rig.ready[0]!, { attempted_to: '20' });
    await rig.relay.deliverBatch();
    expect(rig.statements(READ_RUNS)[0]?.parameters[2]).toEqual([1, RELAY_DEFAULTS.runMax]);
  });
});

describe('at rest', () => {
  it('it looks at once, and then after pauses that double up to the longest', async () => {
    rig.relay.start();
    await rig.pass(4_000);
    expect(rig.claimTimes).toEqual([0, 50, 150, 350, 750, 1_550, 2_550, 3_550]);
  });

  it('a wake-up ends the pause, and after work the pauses are short again', async () => {
    rig.relay.start();
    await rig.pass(1_000);
    rig.waits('a');
    rig.relay.wake();
    await rig.pass(200);
    expect(rig.bus.published).toHaveLength(1);
    // One claim beside the batch in flight, one when it has ended; and no pause of 800 ms after that.
    expect(rig.claimTimes.slice(5)).toEqual([1_000, 1_000, 1_000, 1_100]);
  });

  it('it costs at most two statements a second', async () => {
    rig.relayWith({ recoverMs: RELAY_DEFAULTS.recoverMs });
    rig.relay.start();
    await rig.pass(10_000);
    const before = rig.database.statements.length;
    await rig.pass(5_000);
    expect(rig.database.statements.length - before).toBeLessThanOrEqual(10);
    expect(rig.database.statements.length - before).toBeGreaterThan(0);
  });

  it('it looks when the next lane’s time comes', async () => {
    const times: number[] = [];

    rig.database.answer(RECOVER_LANES, () => {
      times.push(rig.elapsedMs);
      return [recovered(times.length === 1 ? { next_due_ms: 1_234 } : {})];
    });
    rig.relay.start();
    await rig.pass(3_000);
    expect(times).toEqual([0, 1_234]);
    expect(rig.claimTimes).toContain(1_234);
  });

  it('it looks for what others have left every `recoverMs`, and at once for more of what was due', async () => {
    const times: number[] = [];

    rig.database.answer(RECOVER_LANES, () => {
      times.push(rig.elapsedMs);
      return [recovered({ promoted: times.length === 2 ? 10 : 0 })];
    });
    rig.relayWith({ recoverMs: 2_000, lanesMax: 10 });
    rig.relay.start();
    await rig.pass(5_000);
    expect(times[0]).toBe(0);
    expect(times[1]).toBe(2_000);
    // Ten were the most that it makes ready at once.
    expect(times[2]).toBeLessThan(2_000 + RELAY_DEFAULTS.pollFirstMs + 1);
    expect(times[3]).toBe(times[2]! + 2_000);
  });

  it('a lane whose writer has not committed yet is given back, and looked at no faster than at rest', async () => {
    rig.relayWith({ lanesMax: 1 });
    for (let looks = 0; looks < 4; looks++) rig.waits('a', []);
    rig.relay.start();
    await rig.pass(400);
    expect(rig.claimTimes).toEqual([0, 50, 150, 350]);
    expect(rig.settlements()).toEqual(Array(4).fill(['a ready 0']));
    // Where a reading from its time on finds none, it reads from the beginning: the clock may have gone back.
    expect(
      rig
        .statements(READ_RUNS)
        .slice(0, 2)
        .map(({ parameters }) => parameters[3]),
    ).toEqual([PENDING_SINCE, '-infinity']);
  });
});

describe('under load', () => {
  const lanes = (count: number) => {
    for (let n = 0; n < count; n++) rig.waits(`book ${n}`);
  };

  it.each([
    ['few lanes: the next claim is made at once', 7, [0, 0]],
    ['many: it waits until `lingerMs` after this one, for more', 8, [0, 20]],
    ['as many as it may claim: it does not wait', 10, [0, 0]],
  ])('%s', async (_, count, times) => {
    rig.relayWith({ lanesMax: 10, lingerMs: 20, pollFirstMs: LONG_MS, pollLongestMs: LONG_MS });
    lanes(count);
    rig.relay.start();
    await rig.pass(10);
    lanes(count === 8 ? 1 : 0);
    await rig.pass(10);
    expect(rig.claimTimes.slice(0, 2)).toEqual(times);
  });

  it('it claims on while batches are in flight, up to `batchesMax`, and when one has ended, at once', async () => {
    const { publish, answerOne } = rig.gatePublishes();
    rig.relayWith({ lanesMax: 1, batchesMax: 3 });
    lanes(5);
    rig.relay.start();
    await rig.pass(RELAY_DEFAULTS.leaseMs / 2);
    expect(publish).toHaveBeenCalledTimes(3);
    answerOne();
    await rig.pass();
    expect(publish).toHaveBeenCalledTimes(4);
    for (let left = 4; left > 0; left--) {
      answerOne();
      await rig.pass();
    }
    expect(rig.settlements()).toHaveLength(5);
  });
});

describe('the end', () => {
  it('stops without having been started, and twice', async () => {
    await rig.relay.stop();
    await rig.relay.stop();
    expect(rig.database.journal).toEqual([]);
  });

  it('a second start changes nothing', async () => {
    rig.relay.start();
    rig.relay.start();
    await rig.pass();
    expect(rig.claimTimes).toEqual([0]);
  });

  it('waits for the message at hand, settles it, and gives back the rest of its run', async () => {
    const { publish, answerOne } = rig.gatePublishes();
    rig.waits('a', ['1', '2', '3']);
    rig.relay.start();
    await rig.pass();
    const stopped = jest.fn();
    const stopping = rig.relay.stop().then(stopped);
    await rig.pass(5_000);
    expect(stopped).not.toHaveBeenCalled();
    answerOne();
    await stopping;
    expect(publish).toHaveBeenCalledTimes(1);
    expect(rig.settlements()).toEqual([['a ready 1']]);
    expect(rig.claimTimes).toHaveLength(2);
  });

  it('leaves no timer, no listener and no statement behind', async () => {
    const stopListening = jest.fn();
    jest.spyOn(rig.bus, 'onReady').mockReturnValueOnce(stopListening);
    rig.relay.start();
    await rig.pass(1_000);
    await rig.relay.stop();
    expect(jest.getTimerCount()).toBe(0);
    expect(stopListening).toHaveBeenCalledTimes(1);
    const count = rig.database.statements.length;
    rig.relay.wake();
    await rig.pass(10_000);
    expect(rig.database.statements).toHaveLength(count);
  });

  it('starts again after a stop', async () => {
    rig.relay.start();
    await rig.pass();
    await rig.relay.stop();
    rig.waits('a');
    rig.relay.start();
    await rig.pass();
    expect(rig.bus.published).toHaveLength(1);
  });
});
