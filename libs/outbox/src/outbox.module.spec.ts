import { describe, expect, it, jest } from '@jest/globals';
import { MessageBus } from '@app/nats';
import { FakeMessageBus } from '@app/nats/testing';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { FakeDatabase } from '../testing/fake-database.js';
import { Inbox } from './inbox.js';
import { OutboxModule } from './outbox.module.js';
import { outboxEnvironment, RELAY_DEFAULTS, type EventDelivery } from './outbox.options.js';
import { Relay } from './relay.js';
import { UnitOfWork } from './unit-of-work.js';

/** Somebody in a module of their own, which imports nothing. */
@Injectable()
class OneConsumer {
  constructor(
    readonly unitOfWork: UnitOfWork,
    readonly inbox: Inbox,
    readonly relay: Relay,
  ) {}
}

@Injectable()
class AnotherConsumer extends OneConsumer {}

function moduleWith(delivery: EventDelivery) {
  const fakes = [
    { provide: DataSource, useValue: new FakeDatabase().dataSource },
    { provide: MessageBus, useValue: new FakeMessageBus() },
  ];
  return Test.createTestingModule({
    imports: [
      { module: class Fakes {}, global: true, providers: fakes, exports: fakes },
      OutboxModule.forRootAsync({ useFactory: () => ({ delivery, relay: RELAY_DEFAULTS }) }),
      { module: class One {}, providers: [OneConsumer] },
      { module: class Another {}, providers: [AnotherConsumer] },
    ],
  }).compile();
}

describe('OutboxModule', () => {
  it('gives the same unit of work, inbox and relay to every module', async () => {
    const moduleRef = await moduleWith('outbox');
    const [one, another] = [moduleRef.get(OneConsumer), moduleRef.get(AnotherConsumer)];
    expect(one.unitOfWork).toBeInstanceOf(UnitOfWork);
    expect(one.inbox).toBeInstanceOf(Inbox);
    expect(one.relay).toBeInstanceOf(Relay);
    expect(another.unitOfWork).toBe(one.unitOfWork);
    expect(another.inbox).toBe(one.inbox);
    expect(another.relay).toBe(one.relay);
  });

  it.each([
    ['outbox', 1],
    ['direct', 0],
  ] as const)(
    'with delivery %s it starts the relay %i times, and stops it at the end',
    async (delivery, starts) => {
      const moduleRef = await moduleWith(delivery);
      const relay = moduleRef.get(Relay);
      const start = jest.spyOn(relay, 'start');
      const stop = jest.spyOn(relay, 'stop');
      await moduleRef.init();
      expect(start).toHaveBeenCalledTimes(starts);
      expect(stop).not.toHaveBeenCalled();
      await moduleRef.close();
      expect(stop).toHaveBeenCalledTimes(1);
    },
  );
});

describe('EVENT_DELIVERY', () => {
  const environment = z.object(outboxEnvironment);

  it('is outbox unless it says otherwise', () => {
    expect(environment.parse({})).toEqual({ EVENT_DELIVERY: 'outbox' });
    expect(environment.parse({ EVENT_DELIVERY: 'direct' })).toEqual({ EVENT_DELIVERY: 'direct' });
  });

  it('is refused when nobody knows it', () => {
    expect(environment.safeParse({ EVENT_DELIVERY: 'carrier-pigeon' }).success).toBe(false);
  });
});
