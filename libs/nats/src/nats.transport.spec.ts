import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, type INestMicroservice, type Type } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { EMPTY, of, throwError } from 'rxjs';
import { z } from 'zod';
import { FakeMessageBus, RecordedLog } from '../testing/index.js';
import { defineEvents, type EventOf } from './event-registry.js';
import { NatsContext } from './nats.context.js';
import { InvalidEventError, UnreachableHandlerError } from './nats.errors.js';
import { NatsTransport } from './nats.transport.js';

const events = defineEvents('urn:test', {
  'coin.tossed': { version: '1.0', source: '/test', data: z.object({ side: z.string() }), key: () => 'coin' },
  'coin.lost': { version: '1.0', source: '/test', data: z.object({}), key: () => 'coin' },
});
type CoinTossed = EventOf<(typeof events)['definitions'], 'coin.tossed'>;

const heard = jest.fn<(event: CoinTossed, context: NatsContext) => unknown>();

@Controller()
class Listener {
  @EventPattern<string>('coin.tossed')
  tossed(@Payload() event: CoinTossed, @Ctx() context: NatsContext): unknown {
    return heard(event, context);
  }
}

let bus: FakeMessageBus;
let log: RecordedLog;
let app: INestMicroservice | undefined;

beforeEach(() => {
  bus = new FakeMessageBus();
  heard.mockReset();
});

afterEach(() => app?.close());

async function service(...controllers: Type[]): Promise<INestMicroservice> {
  const module = await Test.createTestingModule({ controllers }).compile();
  app = module.createNestMicroservice({ strategy: new NatsTransport(bus, events) });
  log = RecordedLog.start();
  return app;
}

async function listening(...controllers: Type[]): Promise<void> {
  await (await service(...controllers)).listen();
}

const toss = (side = 'heads') => JSON.stringify(events.create('coin.tossed', { side }));

describe('an event', () => {
  it('reaches the handler decoded, with the delivery that it came with', async () => {
    await listening(Listener);
    await bus.deliver('coin.tossed', toss('tails'));
    const [event, context] = heard.mock.calls[0]!;
    expect(event).toMatchObject({ type: 'coin.tossed', data: { side: 'tails' } });
    expect(context).toBeInstanceOf(NatsContext);
    expect(context.message).toMatchObject({ channel: 'coin.tossed', sequence: 1 });
  });

  it('is processed when the handler’s promise resolves, and not before', async () => {
    const order: string[] = [];
    heard.mockImplementation(async () => {
      await new Promise(setImmediate);
      order.push('handled');
    });
    await listening(Listener);
    await bus.deliver('coin.tossed', toss());
    expect([...order, 'acknowledged']).toEqual(['handled', 'acknowledged']);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('lost the coin');
      },
    ],
    ['rejects', () => Promise.reject(new Error('lost the coin'))],
    ['returns an Observable that errors', () => throwError(() => new Error('lost the coin'))],
  ])('is not processed when the handler %s', async (_case, handle) => {
    heard.mockImplementation(handle);
    await listening(Listener);
    await expect(bus.deliver('coin.tossed', toss())).rejects.toThrow('Internal server error');
    expect(log.lines.at(-1)).toBe('error lost the coin');
  });

  it.each([
    ['nothing', () => undefined],
    ['an Observable', () => of('heard')],
    ['an Observable that ends without a value', () => EMPTY],
  ])('is processed when the handler returns %s', async (_case, handle) => {
    heard.mockImplementation(handle);
    await listening(Listener);
    await expect(bus.deliver('coin.tossed', toss())).resolves.toBeUndefined();
  });

  it('reaches every handler of its type', async () => {
    @Controller()
    class SecondListener extends Listener {
      @EventPattern<string>('coin.tossed')
      override tossed(event: CoinTossed, context: NatsContext): unknown {
        return heard(event, context);
      }
    }
    await listening(Listener, SecondListener);
    await bus.deliver('coin.tossed', toss());
    expect(heard).toHaveBeenCalledTimes(2);
  });
});

describe('an event that is not valid', () => {
  it.each([
    ['not JSON', 'heads'],
    ['without an envelope', '{"side":"heads"}'],
    ['of another type', JSON.stringify(events.create('coin.lost', {}))],
  ])('%s is refused before the handler, and the service goes on', async (_case, payload) => {
    await listening(Listener);
    await expect(bus.deliver('coin.tossed', payload)).rejects.toThrow(InvalidEventError);
    expect(heard).not.toHaveBeenCalled();
    await bus.deliver('coin.tossed', toss());
    expect(heard).toHaveBeenCalledTimes(1);
  });
});

describe('a handler that no event can reach', () => {
  it('of calls is refused at start, before anything is subscribed', async () => {
    @Controller()
    class Caller {
      @MessagePattern('coin.lost')
      lost(): void {}
    }
    await expect(listening(Listener, Caller)).rejects.toThrow('a channel carries events, not calls');
    await expect(bus.deliver('coin.tossed', toss())).rejects.toThrow('Nobody has subscribed');
  });

  it('of an event that is not defined is refused at start', async () => {
    @Controller()
    class Misspelled {
      @EventPattern<string>('coin.tosed')
      tossed(): void {}
    }
    const refused = expect(listening(Misspelled)).rejects;
    await refused.toThrow(UnreachableHandlerError);
    await refused.toThrow(
      "The handler of 'coin.tosed' can never be called: no event of this type is defined",
    );
  });
});

describe('closing', () => {
  it('ends the subscriptions', async () => {
    await listening(Listener);
    await app?.close();
    await expect(bus.deliver('coin.tossed', toss())).rejects.toThrow('Nobody has subscribed');
  });
});
