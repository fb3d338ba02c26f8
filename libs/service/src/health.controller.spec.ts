import type { NatsConnection } from '@app/nats';
import { describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { HealthController } from './health.controller.js';
import { ProblemException } from './problem.js';

function controllerWith(query: () => Promise<unknown>, state = 'connected'): HealthController {
  return new HealthController({ query } as unknown as DataSource, { state } as unknown as NatsConnection);
}

describe('the health of a service', () => {
  it('is alive as long as it answers, whatever the database does', () => {
    expect(controllerWith(() => Promise.reject(new Error('away'))).live()).toEqual({ status: 'up' });
  });

  it('is ready while the broker is away: the outbox keeps the events', async () => {
    await expect(controllerWith(() => Promise.resolve([]), 'lost').ready()).resolves.toEqual({
      status: 'up',
      nats: 'lost',
    });
  });

  it('is not ready when the database does not answer', async () => {
    const cause = new Error('away');
    const error = await controllerWith(() => Promise.reject(cause))
      .ready()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProblemException);
    expect(error).toMatchObject({ problem: { type: '/problems/not-ready', status: 503 }, cause });
  });
});
