import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DeadLetterSink, MessageBus, NatsModule, NatsTransport } from '@app/nats';
import { FakeMessageBus, RecordedLog, testNatsOptions } from '@app/nats/testing';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { FakeDatabase } from '../testing/fake-database.js';
import { emitting, noteWritten, notes } from '../testing/notes.js';
import { DeliveryStrategy } from './delivery-strategy.js';
import { InboxDeadLetters } from './inbox/inbox-dead-letters.js';
import { Inbox } from './inbox/inbox.js';
import { OutboxOperations } from './ops/outbox-operations.js';
import { OutboxModule, type OutboxModuleAsyncOptions } from './outbox.module.js';
import {
  outboxEnvironment,
  outboxOptionsFrom,
  RELAY_DEFAULTS,
  type OutboxOptions,
} from './outbox.options.js';
import { HintListener, HintSender } from './relay/hints.js';
import { Relay } from './relay/relay.js';
import { Retention } from './retention/retention.js';
import { Tables } from './schema/tables.js';
import { CLAIM_LANES } from './sql/claim-lanes.js';
import { STORE_MESSAGES, STORE_ONE_MESSAGE } from './sql/store-messages.js';
import { DirectBeforeCommitStrategy } from './strategies/direct-before-commit.strategy.js';
import { DirectRetryInMemoryStrategy } from './strategies/direct-retry-in-memory.strategy.js';
import { DirectUnawaitedStrategy } from './strategies/direct-unawaited.strategy.js';
import { DirectStrategy } from './strategies/direct.strategy.js';
import type { EventDelivery } from './strategies/event-delivery.js';
import { OutboxStrategy } from './strategies/outbox.strategy.js';
import { UnitOfWork } from './unit-of-work.js';

/** Somebody in a module of their own, which imports nothing. */
@Injectable()
class OneConsumer {
  constructor(
    readonly unitOfWork: UnitOfWork,
    readonly inbox: Inbox,
    readonly relay: Relay,
    readonly operations: OutboxOperations,
    readonly retention: Retention,
    readonly tables: Tables,
  ) {}
}

@Injectable()
class AnotherConsumer extends OneConsumer {}

let database: FakeDatabase;
let bus: FakeMessageBus;

beforeEach(() => {
  RecordedLog.start();
  database = new FakeDatabase();
  bus = new FakeMessageBus();
});
afterEach(() => {
  jest.restoreAllMocks();
});

const compile = (options: Partial<OutboxOptions>, module: Partial<OutboxModuleAsyncOptions> = {}) => {
  const { dataSource = DataSource, bus: busToken = MessageBus } = module;
  const fakes = [
    { provide: dataSource, useValue: database.dataSource },
    { provide: busToken, useValue: bus },
  ];
  return Test.createTestingModule({
    imports: [
      { module: class Fakes {}, global: true, providers: fakes, exports: fakes },
      OutboxModule.forRootAsync({
        registry: notes,
        useFactory: () => ({ delivery: 'outbox', ...options }),
        ...module,
      }),
      { module: class One {}, providers: [OneConsumer] },
      { module: class Another {}, providers: [AnotherConsumer] },
    ],
  }).compile();
};

const statements = (text: string) => database.statements.filter(({ sql }) => sql === text);

describe('OutboxModule', () => {
  it('gives the same of each to every module', async () => {
    const moduleRef = await compile({});
    const [one, another] = [moduleRef.get(OneConsumer), moduleRef.get(AnotherConsumer)];
    const types = [UnitOfWork, Inbox, Relay, OutboxOperations, Retention, Tables];
    for (const [index, [name, provided]] of Object.entries(one).entries()) {
      expect(provided).toBeInstanceOf(types[index]!);
      expect(another[name as keyof OneConsumer]).toBe(provided);
    }
    expect(Object.keys(one)).toHaveLength(types.length);
  });

  it('takes the database and the bus by the tokens that it is given', async () => {
    const moduleRef = await compile({}, { dataSource: 'billing-database', bus: 'billing-bus' });
    await moduleRef.get(UnitOfWork).run(emitting(noteWritten('a')));
    expect(statements(STORE_ONE_MESSAGE)).toHaveLength(1);
    expect(() => moduleRef.get(DataSource)).toThrow();
  });

  it('lets nothing be emitted that its registry does not know', async () => {
    const moduleRef = await compile({});
    const event = { ...noteWritten('a'), type: 'unknown' };
    const running = moduleRef.get(UnitOfWork).run(emitting(event as never));
    await expect(running).rejects.toThrow('unknown');
    expect(database.statements).toEqual([]);
  });

  it('gives the chosen names to the tables, and the types’ settings to what stores and publishes', async () => {
    const options = {
      tables: { schema: 'x', prefix: 'p_' },
      types: { 'note.written': { order: 'none' } },
    } as const;
    const moduleRef = await compile(options);
    await moduleRef.get(UnitOfWork).run(emitting(noteWritten('a')));
    const [stored] = statements(new Tables(options.tables).text(STORE_MESSAGES));
    expect(stored?.parameters[2]).toEqual([false]);
    await moduleRef.get(Relay).deliverBatch();
    expect(database.statements.at(-1)?.sql).toContain('"x".p_outbox_lane');
  });

  it.each([
    ['direct', DirectStrategy],
    ['direct-unawaited', DirectUnawaitedStrategy],
    ['direct-before-commit', DirectBeforeCommitStrategy],
    ['direct-retry-in-memory', DirectRetryInMemoryStrategy],
    ['outbox', OutboxStrategy],
  ] as const)('delivers by %s what is configured so', async (delivery, strategy) => {
    const moduleRef = await compile({ delivery });
    expect(moduleRef.get(DeliveryStrategy)).toBeInstanceOf(strategy);
  });

  it('gives NatsModule a place for dead letters in the database', async () => {
    const fakes = [{ provide: DataSource, useValue: database.dataSource }];
    const moduleRef = await Test.createTestingModule({
      imports: [
        { module: class Fakes {}, global: true, providers: fakes, exports: fakes },
        NatsModule.forRootAsync({ events: notes, useFactory: () => testNatsOptions() }),
        OutboxModule.forRootAsync({ registry: notes, useFactory: () => ({ delivery: 'outbox' }) }),
      ],
    })
      .overrideProvider(MessageBus)
      .useValue(bus)
      .compile();
    expect(moduleRef.get(DeadLetterSink)).toBeInstanceOf(InboxDeadLetters);
    RecordedLog.start();
    const transport = moduleRef.get(NatsTransport);
    transport.addHandler('note.written', () => Promise.resolve(), true);
    transport.listen(() => undefined);
    await bus.deliver('note.written', 'not JSON');
    expect(database.statements.map(({ sql }) => sql)).toEqual([
      expect.stringContaining('insert into inbox_dead_letter'),
    ]);
  });
});

describe('from bootstrap to shutdown', () => {
  const lives = async (options: Partial<OutboxOptions>) => {
    const moduleRef = await compile(options);
    const [relay, retention, hints] = [
      moduleRef.get(Relay),
      moduleRef.get(Retention),
      moduleRef.get(HintListener),
    ];
    const parts = [relay, retention, hints];
    // What they do then is told by their own specs; the fake has neither partitions nor a connection to listen on.
    const starts = parts.map((part) => jest.spyOn(part, 'start').mockReturnValue());
    const stops = parts.map((part) => jest.spyOn(part, 'stop'));
    const strategy = jest.spyOn(moduleRef.get(DeliveryStrategy), 'stop');
    await moduleRef.init();
    const started = starts.map(({ mock }) => mock.calls.length);
    expect([...stops, strategy].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0, 0]);
    await moduleRef.close();
    expect([...stops, strategy].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1, 1]);
    return { relay: started[0], retention: started[1], hints: started[2] };
  };

  it.each<[string, EventDelivery, OutboxOptions['relayPlace'], object]>([
    ['in every instance, unless it is said otherwise', 'outbox', undefined, { relay: 1, hints: 0 }],
    ['embedded: in every instance', 'outbox', 'embedded', { relay: 1, hints: 0 }],
    ['off: in none', 'outbox', 'off', { relay: 0, hints: 0 }],
    ['alone: here, and it listens for hints', 'outbox', 'alone', { relay: 1, hints: 1 }],
    ['without an outbox in none', 'direct', 'embedded', { relay: 0, hints: 0 }],
  ])('the relay runs %s', async (_, delivery, relayPlace, started) => {
    const place = relayPlace === undefined ? {} : { relayPlace };
    expect(await lives({ delivery, ...place })).toEqual({ ...started, retention: 1 });
  });

  it('a commit wakes the relay of this process', async () => {
    const moduleRef = await compile({});
    const [relay, hint] = [
      jest.spyOn(moduleRef.get(Relay), 'wake'),
      jest.spyOn(moduleRef.get(HintSender), 'wake'),
    ];
    await moduleRef.get(UnitOfWork).run(emitting(noteWritten('a')));
    expect([relay.mock.calls.length, hint.mock.calls.length]).toEqual([1, 0]);
  });

  it('a commit sends a hint where the relay is off', async () => {
    const moduleRef = await compile({ relayPlace: 'off' });
    const [relay, hint] = [
      jest.spyOn(moduleRef.get(Relay), 'wake'),
      jest.spyOn(moduleRef.get(HintSender), 'wake').mockReturnValue(),
    ];
    await moduleRef.get(UnitOfWork).run(emitting(noteWritten('a')));
    expect([relay.mock.calls.length, hint.mock.calls.length]).toEqual([0, 1]);
  });

  it('the relay has the pace that is configured, and the name of its holder', async () => {
    const moduleRef = await compile({ relay: { lanesMax: 7 }, holder: 'transactions-1' });
    await moduleRef.get(Relay).deliverBatch();
    const [claim] = statements(CLAIM_LANES);
    expect([claim?.parameters[1], claim?.parameters[3]]).toEqual([7, 'transactions-1']);
  });
});

describe('the environment', () => {
  const environment = z.object(outboxEnvironment);

  it('means the outbox, with its relay in the service, unless it says otherwise', () => {
    expect(outboxOptionsFrom(environment.parse({}))).toMatchObject({
      delivery: 'outbox',
      relayPlace: 'embedded',
      relay: { leaseMs: RELAY_DEFAULTS.leaseMs },
    });
  });

  it('chooses delivery, the relay’s place and its lease', () => {
    const variables = { EVENT_DELIVERY: 'direct', OUTBOX_RELAY: 'off', OUTBOX_LEASE_MS: '2500' };
    expect(outboxOptionsFrom(environment.parse(variables))).toMatchObject({
      delivery: 'direct',
      relayPlace: 'off',
      relay: { leaseMs: 2_500 },
    });
  });

  it.each([{ EVENT_DELIVERY: 'carrier-pigeon' }, { OUTBOX_RELAY: 'alone' }, { OUTBOX_LEASE_MS: '999' }])(
    '%o is refused',
    (given) => {
      expect(environment.safeParse(given).success).toBe(false);
    },
  );
});
