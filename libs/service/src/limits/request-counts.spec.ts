import { describe, expect, it } from '@jest/globals';
import { parseEnvironment } from '@app/nats';
import { serviceEnvironment } from '../service.environment.js';
import { rateLimitOf } from './rate-limit.environment.js';
import { RequestCounts } from './request-counts.js';

describe('a caller’s requests', () => {
  it('are counted for a minute from the first, and then anew', () => {
    let now = 1_000;
    const counts = new RequestCounts(2, () => now);
    expect([counts.refuse('a'), counts.refuse('a'), counts.refuse('a')]).toEqual([undefined, undefined, 60]);
    now += 59_500;
    expect([counts.refuse('a'), counts.refuse('b')]).toEqual([1, undefined]);
    now += 500;
    expect(counts.refuse('a')).toBeUndefined();
  });

  it('are forgotten when too many others have come since', () => {
    const counts = new RequestCounts(1, () => 0);
    counts.refuse('a');
    for (let caller = 0; caller < 100_000; caller += 1) counts.refuse(`${caller}`);
    expect(counts.refuse('99999')).toBe(60);
    expect(counts.refuse('a')).toBeUndefined();
  });
});

describe('the limit of a service', () => {
  const limitOf = (settings: object) =>
    rateLimitOf(
      parseEnvironment(serviceEnvironment(3001), {
        DATABASE_URL: 'postgres://127.0.0.1/x',
        NATS_URL: 'nats://127.0.0.1:1',
        NATS_CLUSTER_ID: 'bank',
        ...settings,
      }),
    );

  it.each([
    [{}, 0],
    [{ AUTH_JWT_SECRET: 'x'.repeat(32) }, 6_000],
    [{ HOST: '0.0.0.0', AUTH_ALLOW_ANONYMOUS: 'true' }, 6_000],
    [{ RATE_LIMIT_PER_MINUTE: '7' }, 7],
    [{ AUTH_JWT_SECRET: 'x'.repeat(32), RATE_LIMIT_PER_MINUTE: '0' }, 0],
  ])('with %p is %p requests in a minute', (settings, limit) => {
    expect(limitOf(settings)).toBe(limit);
  });
});
