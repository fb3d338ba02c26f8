import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { z } from 'zod';
import {
  FakeMessageBus,
  fakeNatsStreaming,
  InMemoryDeadLetters,
  RecordedLog,
  testNatsOptions,
} from '../testing/index.js';
import { DeadLetterSink } from './dead-letter.sink.js';
import { defineEvents } from './event-registry.js';
import { MessageBus } from './message-bus.js';
import { NatsConnection } from './nats-connection.js';
import { NatsModuleImportedTwiceError, NatsNotConnectedError, NatsUnreachableError } from './nats.errors.js';
import { NatsModule } from './nats.module.js';
import type { NatsOptions } from './nats.options.js';
import { NatsTransport } from './nats.transport.js';

@Injectable()
class Deposits {
  constructor(
    readonly connection: NatsConnection,
    readonly bus: MessageBus,
    readonly transport: NatsTransport,
  ) {}
}

@Injectable()
class Withdrawals {
  constructor(
    readonly connection: NatsConnection,
    readonly bus: MessageBus,
    readonly transport: NatsTransport,
  ) {}

  withdraw(): Promise<unknown> {
    return this.bus.publish('transfer.requested', '{}');
  }
}

@Module({ providers: [Deposits] })
class DepositsModule {}

@Module({ providers: [Withdrawals] })
class WithdrawalsModule {}

const events = defineEvents('urn:test', {
  'transfer.requested': { version: '1.0', source: '/test', data: z.object({}), key: () => 'key' },
});

function natsModule(options: Partial<NatsOptions> = {}): DynamicModule {
  return NatsModule.forRootAsync({ useFactory: () => testNatsOptions(options), events });
}

let module: TestingModule | undefined;

beforeEach(() => {
  fakeNatsStreaming.reset();
  RecordedLog.start();
  module = undefined;
});

afterEach(() => module?.close());

async function compiled(nats: DynamicModule = natsModule()): Promise<TestingModule> {
  module = await Test.createTestingModule({ imports: [nats, DepositsModule, WithdrawalsModule] }).compile();
  return module;
}

describe('one client for every module', () => {
  it('two modules get the same connection object', async () => {
    const app = await compiled();
    const [deposits, withdrawals] = [
      app.get(Deposits, { strict: false }),
      app.get(Withdrawals, { strict: false }),
    ];
    expect(deposits.connection).toBe(withdrawals.connection);
    expect(deposits.bus).toBe(withdrawals.bus);
    expect(deposits.transport).toBe(withdrawals.transport);
  });

  it('the connection of all modules has one client, the transport’s with them', async () => {
    const app = await compiled();
    await app.init();
    const { transport, connection } = app.get(Deposits, { strict: false });
    expect(fakeNatsStreaming.clients).toEqual([connection.client]);
    expect(transport.unwrap()).toBe(app.get(MessageBus));
  });

  it('a second forRootAsync is refused with a clear error', async () => {
    const twice = Test.createTestingModule({ imports: [natsModule(), natsModule(), DepositsModule] });
    const error = await twice.compile().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NatsModuleImportedTwiceError);
    expect(error).toMatchObject({
      message: expect.stringContaining('Import it once, in the root module'),
    });
  });

  it('the same forRootAsync module may be named in two places', async () => {
    const nats = natsModule();
    module = await Test.createTestingModule({
      imports: [nats, { module: DepositsModule, imports: [nats] }],
    }).compile();
    expect(module.get(Deposits, { strict: false }).connection).toBe(module.get(NatsConnection));
  });
});

describe('start and stop', () => {
  it('`wait` starts when the connection stands', async () => {
    const app = await compiled(natsModule({ startup: 'wait' }));
    await app.init();
    expect(app.get(NatsConnection).state).toBe('connected');
  });

  it('`wait` fails with the reason when the broker stays away', async () => {
    fakeNatsStreaming.answerConnect = { error: new Error('Could not connect to server') };
    const app = await compiled(natsModule({ startup: 'wait', startupTimeoutMs: 1 }));
    await expect(app.init()).rejects.toThrow(NatsUnreachableError);
  });

  it('`background` starts without the broker', async () => {
    fakeNatsStreaming.answerConnect = 'silence';
    const app = await compiled(natsModule({ startup: 'background' }));
    await app.init();
    expect(app.get(NatsConnection).state).toBe('connecting');
  });

  it('the end of the application closes the connection', async () => {
    const app = await compiled();
    await app.init();
    await app.close();
    expect(app.get(NatsConnection).state).toBe('closed');
  });
});

describe('a module under test', () => {
  it('a module tested without the fake fails at once with NatsNotConnectedError', async () => {
    const app = await compiled();
    await expect(app.get(Withdrawals, { strict: false }).withdraw()).rejects.toThrow(NatsNotConnectedError);
  });

  it('publishes to the fake that takes the place of the bus, and makes no client', async () => {
    const bus = new FakeMessageBus();
    module = await Test.createTestingModule({ imports: [natsModule(), WithdrawalsModule] })
      .overrideProvider(MessageBus)
      .useValue(bus)
      .compile();
    await module.get(Withdrawals, { strict: false }).withdraw();
    expect(bus.published).toEqual([{ channel: 'transfer.requested', payload: '{}' }]);
    expect(fakeNatsStreaming.clients).toEqual([]);
  });
});

describe('a lost connection in exit mode', () => {
  it('ends a process at once that nobody else has undertaken to end', async () => {
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    module = await Test.createTestingModule({ imports: [natsModule()] }).compile();
    await module.init();
    const log = RecordedLog.start();
    fakeNatsStreaming.client.loseConnection();
    expect(exit).toHaveBeenCalledWith(75);
    expect(log.lines).toContain('error NATS connection lost (the client closed); the process will exit');
    exit.mockRestore();
  });

  it('is left to whoever has', async () => {
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    module = await Test.createTestingModule({ imports: [natsModule()] }).compile();
    module.get(NatsConnection).arrangeExit();
    await module.init();
    fakeNatsStreaming.client.loseConnection();
    expect(exit).not.toHaveBeenCalled();
    exit.mockRestore();
  });
});

describe('a dead-letter sink', () => {
  it('that a module in `imports` offers is where the transport puts what is malformed', async () => {
    const sink = new InMemoryDeadLetters();
    const sinks = {
      module: class Sinks {},
      providers: [{ provide: DeadLetterSink, useValue: sink }],
      exports: [DeadLetterSink],
    };
    const nats = NatsModule.forRootAsync({ imports: [sinks], useFactory: () => testNatsOptions(), events });
    const bus = new FakeMessageBus();
    module = await Test.createTestingModule({ imports: [nats] })
      .overrideProvider(MessageBus)
      .useValue(bus)
      .compile();
    RecordedLog.start();
    const transport = module.get(NatsTransport);
    transport.addHandler('transfer.requested', () => Promise.resolve(), true);
    transport.listen(() => undefined);
    await bus.deliver('transfer.requested', 'not JSON');
    expect(sink.buried).toMatchObject([{ reason: 'malformed' }]);
  });
});
