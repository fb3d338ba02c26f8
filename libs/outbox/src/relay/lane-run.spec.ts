import { describe, expect, it } from '@jest/globals';
import { NatsNotConnectedError, PublishRefusedError, PublishUnknownError } from '@app/nats';
import type { EventTypeOptions } from '../outbox.options.js';
import type { ClaimedLane } from '../sql/claim-lanes.js';
import type { PendingMessage } from '../sql/read-runs.js';
import { LaneRun } from './lane-run.js';

const FAILURES_MAX = 3;
const REFUSED = new PublishRefusedError('note.written', 'too large');
const UNKNOWN = new PublishUnknownError('note.written', 'no answer');
const OUTAGE = new NatsNotConnectedError('lost');

/** A lane as a first claim finds it: nothing settled, and its first attempt counted. */
function claimed(given: Partial<ClaimedLane> = {}): ClaimedLane {
  return {
    key: 'a',
    ordered: true,
    settledSequence: 0n,
    pendingSince: timeOf(0),
    attempts: 1,
    failures: 0,
    crashes: 0,
    attemptedTo: 0n,
    lastError: null,
    ...given,
  };
}

function message(sequence: number, given: Partial<PendingMessage> = {}): PendingMessage {
  return {
    id: `id-${sequence}`,
    key: 'a',
    sequence: BigInt(sequence),
    type: 'note.written',
    envelope: '{}',
    createdAt: timeOf(sequence),
    notBefore: null,
    ...given,
  };
}

function timeOf(sequence: number): string {
  return `2026-01-01T00:00:0${sequence}.000000Z`;
}

/** What becomes of the lane when its messages end so, from the first waiting one on. */
function run(
  lane: ClaimedLane,
  outcomes: readonly ('acked' | Error)[],
  whenPoisoned?: EventTypeOptions['whenPoisoned'],
) {
  const types = whenPoisoned ? { 'note.written': { whenPoisoned } } : {};
  const laneRun = new LaneRun(lane, { options: { failuresMax: FAILURES_MAX }, types });
  const admitted = outcomes.map((outcome, index) => {
    const next = message(Number(lane.settledSequence) + index + 1);
    const admits = laneRun.admits(next);
    if (!admits) return false;
    if (outcome === 'acked') laneRun.acknowledge(next);
    else laneRun.fail(next, outcome);
    return true;
  });
  return { ...laneRun.result(), admitted };
}

describe('a run whose messages are all acknowledged', () => {
  it('settles up to its last one, from whose time on more may wait', () => {
    const { lane, acked, repeated, parked, blame } = run(claimed(), ['acked', 'acked']);
    expect(lane).toEqual({
      key: 'a',
      state: 'ready',
      settledSequence: 2n,
      pendingSince: timeOf(2),
      attempts: 0,
      failures: 0,
      crashes: 0,
      lastError: null,
      dueAt: null,
    });
    expect([acked, repeated, parked, blame]).toEqual([2, [], [], undefined]);
  });

  it('forgets what was charged to the message that is settled', () => {
    const lane = claimed({ attempts: 3, failures: 2, crashes: 1, lastError: 'too large' });
    expect(run(lane, ['acked']).lane).toMatchObject({
      attempts: 0,
      failures: 0,
      crashes: 0,
      lastError: null,
    });
  });

  it('tells how many attempts a message took, if it took more than one', () => {
    const { repeated } = run(claimed({ attempts: 3, settledSequence: 7n }), ['acked', 'acked']);
    expect(repeated).toEqual([{ key: 'a', sequence: 8n, attempts: 3 }]);
  });

  it('is done with the lane, if it needs no order', () => {
    expect(run(claimed({ ordered: false }), ['acked']).lane.state).toBe('done');
  });
});

describe('a run that comes to nothing', () => {
  it('gives back the attempt that the claim has counted', () => {
    const { lane, acked } = run(claimed({ attempts: 4, failures: 1, crashes: 1, lastError: 'e' }), []);
    expect(lane).toMatchObject({
      state: 'ready',
      settledSequence: 0n,
      pendingSince: timeOf(0),
      attempts: 3,
      failures: 1,
      crashes: 1,
      lastError: 'e',
    });
    expect(acked).toBe(0);
  });

  it('leaves a lane that needs no order where it was', () => {
    expect(run(claimed({ ordered: false }), []).lane.state).toBe('ready');
  });
});

describe('a publish that failed', () => {
  it.each([
    ['refused: counted and charged', REFUSED, 'message', { state: 'retry', attempts: 2, failures: 2 }],
    [
      'unknown: counted, and charged to nobody',
      UNKNOWN,
      'unknown',
      { state: 'retry', attempts: 2, failures: 1 },
    ],
    ['outage: neither counted nor charged', OUTAGE, 'outage', { state: 'ready', attempts: 1, failures: 1 }],
  ] as const)('%s', (_, error, blame, expected) => {
    const result = run(claimed({ attempts: 2, failures: 1 }), [error]);
    expect(result.lane).toMatchObject({ ...expected, settledSequence: 0n });
    expect(result.blame).toBe(blame);
  });

  it('behind acknowledged ones is charged to the message itself, and settles those', () => {
    const { lane, acked, repeated } = run(claimed({ attempts: 2, failures: 2 }), ['acked', REFUSED]);
    expect(lane).toMatchObject({ state: 'retry', settledSequence: 1n, attempts: 1, failures: 1 });
    expect([acked, repeated]).toEqual([1, [{ key: 'a', sequence: 1n, attempts: 2 }]]);
  });

  it('keeps its error, cut to a length that a row can bear', () => {
    const { lane } = run(claimed(), [new Error('x'.repeat(2_000))]);
    expect(lane.lastError).toBe(`Error: ${'x'.repeat(493)}`);
  });

  it.each([
    ['an answer that was not an acknowledgement clears the crashes before it', REFUSED, 0],
    ['an answer that never came does so too: the relay lives', UNKNOWN, 0],
    ['an outage tells nothing about them', OUTAGE, 2],
  ])('%s', (_, error, crashes) => {
    expect(run(claimed({ crashes: 2 }), [error]).lane.crashes).toBe(crashes);
  });
});

describe('a message that has used up its failures', () => {
  const lane = claimed({ settledSequence: 4n, attempts: 5, failures: FAILURES_MAX - 1 });

  it('blocks its lane, unless its type says otherwise', () => {
    const result = run(lane, [REFUSED]);
    expect(result.lane).toMatchObject({ state: 'blocked', settledSequence: 4n, failures: FAILURES_MAX });
    expect(result.parked).toEqual([
      {
        key: 'a',
        sequence: 5n,
        ordered: true,
        attempts: 5,
        failures: FAILURES_MAX,
        error: String(REFUSED),
        policy: 'block',
      },
    ]);
  });

  it.each(['park', 'skip'] as const)('with %s is passed, and the next begins with clean counts', (policy) => {
    const result = run(lane, [REFUSED], policy);
    expect(result.lane).toMatchObject({
      state: 'ready',
      settledSequence: 5n,
      pendingSince: timeOf(5),
      attempts: 0,
      failures: 0,
      lastError: null,
    });
    expect(result.parked).toMatchObject([{ sequence: 5n, attempts: 5, failures: FAILURES_MAX, policy }]);
    expect(result.acked).toBe(0);
  });

  it.each([
    [undefined, 'park'],
    ['block', 'park'],
    ['skip', 'skip'],
  ] as const)('that needs no order is never blocked: %s means %s', (configured, policy) => {
    const result = run({ ...lane, ordered: false }, [REFUSED], configured);
    expect(result.parked).toMatchObject([{ ordered: false, policy }]);
    expect(result.lane.state).toBe('done');
  });

  it('is not given up for what nobody can know', () => {
    expect(run(lane, [UNKNOWN]).parked).toEqual([]);
  });

  it('by the ends of its relays is given up without another publish', () => {
    const error = 'Its relay ended';
    const result = run({ ...lane, attempts: 6, failures: FAILURES_MAX, lastError: error }, ['acked'], 'park');
    expect(result.admitted).toEqual([false]);
    // The claim's own attempt was never made.
    expect(result.parked).toMatchObject([{ attempts: 5, failures: FAILURES_MAX, error }]);
    expect(result.lane.settledSequence).toBe(5n);
  });
});

describe('after a relay that ended without a word', () => {
  it('each message that it may have published counts one attempt more', () => {
    const { repeated } = run(claimed({ attemptedTo: 2n }), ['acked', 'acked', 'acked']);
    expect(repeated).toEqual([
      { key: 'a', sequence: 1n, attempts: 2 },
      { key: 'a', sequence: 2n, attempts: 2 },
    ]);
  });

  it('the count of one that is given up holds it too', () => {
    const lane = claimed({ attempts: 2, failures: FAILURES_MAX - 1, attemptedTo: 9n });
    expect(run(lane, [REFUSED]).parked).toMatchObject([{ attempts: 3 }]);
  });

  it('the lane keeps only the attempts since: the other is told by how far the run may have come', () => {
    expect(run(claimed({ attempts: 2, attemptedTo: 9n }), [UNKNOWN]).lane.attempts).toBe(2);
  });
});

describe('a message whose time has not come', () => {
  it('ends the run before it, and its lane is due at that time', () => {
    const laneRun = new LaneRun(claimed({ attempts: 1 }), {
      options: { failuresMax: FAILURES_MAX },
      types: {},
    });
    const [first, second] = [message(1), message(2, { notBefore: '2026-01-02 00:00:00+00' })];
    expect(laneRun.admits(first)).toBe(true);
    laneRun.acknowledge(first);
    expect(laneRun.admits(second)).toBe(false);
    expect(laneRun.result().lane).toMatchObject({
      state: 'due',
      dueAt: '2026-01-02 00:00:00+00',
      settledSequence: 1n,
      attempts: 0,
    });
  });
});
