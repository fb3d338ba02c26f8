import { describe, expect, it } from '@jest/globals';
import type { OutboxSample } from '../metrics/outbox-sample.js';
import type { RetentionHealth } from '../retention/retention.js';
import { OutboxHealthIndicator } from './outbox-health.js';
import { HEALTH_DEFAULTS } from './outbox-health.options.js';

const SOUND: OutboxSample = {
  pendingMessages: 3,
  capped: false,
  oldestPendingAgeMs: 60_000,
  keys: { ready: 3, due: 0, leased: 0, blocked: 0 },
  parkedMessages: { block: 0, park: 0, skip: 4 },
  leases: 0,
  deadLetters: 0,
  openGaps: 0,
};
const ENOUGH_DAYS = { outbox_message: 3, inbox_message: 7 };

function check(
  sample: OutboxSample | undefined,
  daysAhead: RetentionHealth['daysAhead'] = ENOUGH_DAYS,
  options = {},
) {
  return new OutboxHealthIndicator(
    { sample: () => Promise.resolve(sample) },
    { health: () => ({ healthy: true, ...(daysAhead && { daysAhead }) }) },
    { ...HEALTH_DEFAULTS, ...options },
  ).check('outbox');
}

describe('the health of the outbox', () => {
  it('is up within its thresholds, and tells its numbers', async () => {
    expect(await check(SOUND)).toEqual({
      outbox: { status: 'up', ...SOUND, partitionDaysAhead: ENOUGH_DAYS },
    });
  });

  it.each([
    [{ oldestPendingAgeMs: 60_001 }, 'a message waits for 60001 ms'],
    [{ parkedMessages: { block: 1, park: 2, skip: 0 } }, '3 message(s) are parked'],
    [{ keys: { ...SOUND.keys, blocked: 2 } }, '2 key(s) are blocked'],
    [{ openGaps: 5 }, '5 key(s) miss a number for longer than 60000 ms'],
  ])('is degraded with %p, and says why', async (change, problem) => {
    expect(await check({ ...SOUND, ...change })).toMatchObject({
      outbox: { status: 'degraded', ...change, problems: [problem] },
    });
  });

  it('is degraded when partitions run out', async () => {
    expect(await check(SOUND, { outbox_message: 2, inbox_message: 7 })).toMatchObject({
      outbox: { status: 'degraded', problems: ['outbox_message has partitions for 2 day(s) after today'] },
    });
  });

  it('does not know of partitions before the retention has looked', async () => {
    const { outbox } = await new OutboxHealthIndicator(
      { sample: () => Promise.resolve(SOUND) },
      { health: () => ({ healthy: true }) },
      HEALTH_DEFAULTS,
    ).check('outbox');
    expect(outbox).toEqual({ status: 'up', ...SOUND });
  });

  it('names all that is wrong at once', async () => {
    const bad = { ...SOUND, openGaps: 1, oldestPendingAgeMs: 70_000 };
    const { outbox } = await check(bad, { outbox_message: -1, inbox_message: 7 });
    expect(outbox).toMatchObject({ status: 'degraded', problems: { length: 3 } });
  });

  it('is degraded, and not down, while the database does not answer', async () => {
    expect(await check(undefined)).toMatchObject({
      outbox: { status: 'degraded', problems: ['the database does not answer'] },
    });
  });

  it('takes other thresholds', async () => {
    const sample = { ...SOUND, parkedMessages: { block: 2, park: 0, skip: 0 }, oldestPendingAgeMs: 90_000 };
    const options = { parkedMax: 2, oldestPendingAgeMaxMs: 90_000 };
    expect(await check(sample, ENOUGH_DAYS, options)).toMatchObject({ outbox: { status: 'up' } });
  });
});
