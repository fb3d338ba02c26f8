import { NatsHealthIndicator } from '@app/nats';
import { FakeMessageBus } from '@app/nats/testing';
import { HEALTH_DEFAULTS, OutboxHealthIndicator, type OutboxSnapshot } from '@app/outbox';
import { describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { HealthController, type ServiceHealth } from './health.controller.js';
import { ProblemException } from './problem.js';

const SAMPLE: NonNullable<OutboxSnapshot['sample']> = {
  pendingMessages: 0,
  capped: false,
  oldestPendingAgeMs: 0,
  keys: { ready: 0, due: 0, leased: 0, blocked: 0 },
  parkedMessages: { block: 0, park: 0, skip: 0 },
  leases: 0,
  deadLetters: 0,
  openGaps: 0,
};

function controllerWith(
  query: () => Promise<unknown>,
  { bus = new FakeMessageBus(), sample = SAMPLE, service = undefined as ServiceHealth | undefined } = {},
): HealthController {
  const sampler = { sample: () => Promise.resolve(sample) };
  const retention = { health: () => ({ healthy: true }) };
  const outbox = new OutboxHealthIndicator(sampler, retention, HEALTH_DEFAULTS);
  return new HealthController(
    { query } as unknown as DataSource,
    new NatsHealthIndicator(bus),
    outbox,
    service,
  );
}

describe('the health of a service', () => {
  it('is alive as long as it answers, whatever the database does', () => {
    expect(controllerWith(() => Promise.reject(new Error('away'))).live()).toEqual({ status: 'up' });
  });

  it('is ready while the broker is away: the outbox keeps the events', async () => {
    const bus = new FakeMessageBus();
    bus.answerWith('not-connected');
    await expect(controllerWith(() => Promise.resolve([]), { bus }).ready()).resolves.toMatchObject({
      status: 'up',
      nats: { status: 'degraded', state: 'not connected' },
    });
  });

  it('tells that broker and outbox are well', async () => {
    await expect(controllerWith(() => Promise.resolve([])).ready()).resolves.toEqual({
      status: 'up',
      nats: { status: 'up', state: 'connected' },
      outbox: { status: 'up', ...SAMPLE },
    });
  });

  it('is ready while the outbox is in trouble, and says what the trouble is', async () => {
    const sample = { ...SAMPLE, keys: { ...SAMPLE.keys, blocked: 1 } };
    await expect(controllerWith(() => Promise.resolve([]), { sample }).ready()).resolves.toMatchObject({
      status: 'up',
      outbox: { status: 'degraded', problems: ['1 key(s) are blocked'] },
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

  it('as a whole is up when every part is, and the service has nothing of its own to say', async () => {
    await expect(controllerWith(() => Promise.resolve([])).health()).resolves.toMatchObject({
      status: 'up',
      nats: { status: 'up' },
      outbox: { status: 'up' },
    });
  });

  it('as a whole is degraded, and answered, when a part is: of the service itself too', async () => {
    const bus = new FakeMessageBus();
    bus.answerWith('not-connected');
    const away = controllerWith(() => Promise.resolve([]), { bus });
    await expect(away.health()).resolves.toMatchObject({ status: 'degraded', nats: { status: 'degraded' } });
    const service: ServiceHealth = {
      check: () => Promise.resolve({ coins: { status: 'degraded', lost: 2 } }),
    };
    await expect(controllerWith(() => Promise.resolve([]), { service }).health()).resolves.toMatchObject({
      status: 'degraded',
      nats: { status: 'up' },
      coins: { status: 'degraded', lost: 2 },
    });
  });

  it('as a whole is a problem when the database does not answer', async () => {
    await expect(controllerWith(() => Promise.reject(new Error('away'))).health()).rejects.toBeInstanceOf(
      ProblemException,
    );
  });
});
