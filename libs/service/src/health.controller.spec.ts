import { NatsHealthIndicator } from '@app/nats';
import { FakeMessageBus } from '@app/nats/testing';
import { describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { HealthController } from './health.controller.js';
import { ProblemException } from './problem.js';

function controllerWith(query: () => Promise<unknown>, bus = new FakeMessageBus()): HealthController {
  return new HealthController({ query } as unknown as DataSource, new NatsHealthIndicator(bus));
}

describe('the health of a service', () => {
  it('is alive as long as it answers, whatever the database does', () => {
    expect(controllerWith(() => Promise.reject(new Error('away'))).live()).toEqual({ status: 'up' });
  });

  it('is ready while the broker is away: the outbox keeps the events', async () => {
    const bus = new FakeMessageBus();
    bus.answerWith('not-connected');
    await expect(controllerWith(() => Promise.resolve([]), bus).ready()).resolves.toEqual({
      status: 'up',
      nats: { status: 'degraded', state: 'not connected' },
    });
  });

  it('tells that the broker is there', async () => {
    await expect(controllerWith(() => Promise.resolve([])).ready()).resolves.toEqual({
      status: 'up',
      nats: { status: 'up', state: 'connected' },
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
