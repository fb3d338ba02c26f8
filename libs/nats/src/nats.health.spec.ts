import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  eventually,
  fakeNatsStreaming,
  FakeSubscription,
  RecordedLog,
  testNatsOptions,
} from '../testing/index.js';
import { NatsConnection } from './nats-connection.js';
import { NatsStreamingBus } from './nats-streaming.bus.js';
import { NatsHealthIndicator } from './nats.health.js';

let connection: NatsConnection;
let bus: NatsStreamingBus;
let indicator: NatsHealthIndicator;

beforeEach(async () => {
  fakeNatsStreaming.reset();
  RecordedLog.start();
  connection = new NatsConnection(testNatsOptions());
  bus = new NatsStreamingBus(connection);
  indicator = new NatsHealthIndicator(bus);
  await connection.connect();
  Object.assign(fakeNatsStreaming.client.nc!, { flush: (callback: () => void) => setImmediate(callback) });
});

describe('the health of the provider', () => {
  it('is up with its subscriptions and the time of a round trip', async () => {
    bus.subscribe('coin.tossed', () => Promise.resolve());
    await eventually('the subscription stands', async () => (await bus.health(100)).subscriptionsAlive === 1);
    expect(await indicator.check('nats')).toEqual({
      nats: {
        status: 'up',
        state: 'connected',
        subscriptions: 1,
        subscriptionsAlive: 1,
        roundTripMs: expect.any(Number),
      },
    });
  });

  it('is degraded, and not down, while a subscription is not served', async () => {
    // One that the server does not answer.
    jest
      .spyOn(fakeNatsStreaming.client, 'subscribe')
      .mockImplementation((...asked) => new FakeSubscription(...asked));
    bus.subscribe('coin.tossed', () => Promise.resolve());
    const check = await indicator.check('nats');
    expect(check.nats).toMatchObject({ status: 'degraded', subscriptions: 1, subscriptionsAlive: 0 });
  });

  it('is degraded since the connection was lost', async () => {
    fakeNatsStreaming.client.loseConnection();
    const { nats } = await indicator.check('nats');
    expect(nats).toMatchObject({ status: 'degraded', state: 'lost', subscriptionsAlive: 0 });
    expect(nats).toHaveProperty('lostSince', expect.stringMatching(/^\d{4}-.*Z$/));
    expect(nats).not.toHaveProperty('roundTripMs');
  });
});
