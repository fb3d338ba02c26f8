import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { z } from 'zod';
import { FakeMessageBus, InMemoryDeadLetters, RecordedLog } from '../testing/index.js';
import { defineEvents } from './event-registry.js';
import { DeadLetterError } from './nats.errors.js';
import type { BusMessage, BusMessageHandler } from './message-bus.js';
import { NatsTransport, noteFailure } from './nats.transport.js';

const DELIVERIES_MAX = 3;
const events = defineEvents('urn:test', {
  'coin.tossed': { version: '1.0', source: '/test', data: z.object({}), key: () => 'coin' },
});
const heard = jest.fn<(event: unknown) => Promise<void>>();

@Controller()
class Listener {
  @EventPattern<string>('coin.tossed')
  tossed(@Payload() event: unknown): Promise<void> {
    return heard(event);
  }
}

class TooOldError extends DeadLetterError {
  readonly code = 'TEST_TOO_OLD';
  readonly reason = 'expired';
}

let sink: InMemoryDeadLetters;
let log: RecordedLog;
/** Hands a message to the transport; resolves when it would be acknowledged. */
let deliver: (redelivered?: boolean, data?: string) => Promise<void>;

beforeEach(async () => {
  sink = new InMemoryDeadLetters();
  heard.mockReset();
  const bus = new FakeMessageBus();
  const handlers: BusMessageHandler[] = [];
  jest.spyOn(bus, 'subscribe').mockImplementation((channel, handler) => {
    handlers.push(handler);
    return { channel, drain: () => Promise.resolve() };
  });
  const module = await Test.createTestingModule({ controllers: [Listener] }).compile();
  const strategy = new NatsTransport(bus, events, { sink, deliveriesMax: DELIVERIES_MAX });
  const app = module.createNestMicroservice({ strategy });
  log = RecordedLog.start();
  await app.listen();
  const toss = JSON.stringify(events.create('coin.tossed', {}));
  deliver = (redelivered = false, data = toss) => {
    const message: BusMessage = { channel: 'coin.tossed', data: Buffer.from(data), sequence: 7, redelivered };
    return handlers[0]!(message);
  };
});

describe('a message that keeps failing', () => {
  it('is buried with its last error at its last delivery, and acknowledged then', async () => {
    heard.mockRejectedValue(new Error('no'));
    await expect(deliver()).rejects.toThrow();
    await expect(deliver(true)).rejects.toThrow();
    expect(sink.buried).toEqual([]);
    await deliver(true);
    expect(sink.buried).toMatchObject([
      { reason: 'failed', deliveries: DELIVERIES_MAX, message: { sequence: 7 }, error: expect.any(Error) },
    ]);
    expect(log.lines.at(-1)).toContain('Message 7 of coin.tossed is dead (failed, delivery 3)');
  });

  it('is buried with the error that its handler was told to fail with', async () => {
    const error = new Error('no coin');
    heard.mockImplementation(() => {
      noteFailure(error);
      return Promise.reject(error);
    });
    await deliver().catch(() => undefined);
    await deliver(true).catch(() => undefined);
    await deliver(true);
    expect(sink.buried[0]!.error).toBe(error);
  });

  it('is not acknowledged while the sink cannot keep it', async () => {
    heard.mockRejectedValue(new Error('no'));
    await deliver().catch(() => undefined);
    await deliver(true).catch(() => undefined);
    jest.spyOn(sink, 'bury').mockRejectedValueOnce(new Error('the sink is away'));
    await expect(deliver(true)).rejects.toThrow('the sink is away');
    heard.mockClear();
    await deliver(true);
    expect(heard).not.toHaveBeenCalled();
    expect(sink.buried).toHaveLength(1);
  });

  it('is not handled while it cannot be counted', async () => {
    sink.failWith(new Error('the sink is away'));
    await expect(deliver(true)).rejects.toThrow('the sink is away');
    expect(heard).not.toHaveBeenCalled();
    sink.failWith();
    await deliver(true);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('is buried unhandled when its handler never came to an end', async () => {
    heard.mockReturnValue(new Promise(() => undefined));
    void deliver();
    for (let redelivery = 1; redelivery < DELIVERIES_MAX; redelivery++) void deliver(true);
    await deliver(true);
    expect(heard).toHaveBeenCalledTimes(DELIVERIES_MAX);
    expect(sink.buried).toMatchObject([{ error: { message: 'Its handler never came to an end' } }]);
  });
});

describe('other messages', () => {
  it('cost the sink nothing when they succeed at once', async () => {
    const count = jest.spyOn(sink, 'countRedelivery');
    heard.mockResolvedValue(undefined);
    await deliver();
    expect(count).not.toHaveBeenCalled();
  });

  it('that are malformed are buried at once', async () => {
    await deliver(false, 'not JSON');
    expect(sink.buried).toMatchObject([
      { reason: 'malformed', deliveries: 1, error: { code: 'EVENT_INVALID' } },
    ]);
    expect(heard).not.toHaveBeenCalled();
  });

  it('whose handler says so are buried at once, with its error and reason', async () => {
    const error = new TooOldError('nobody knows', { cause: new Error('gone') });
    heard.mockRejectedValue(error);
    await deliver();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(sink.buried).toMatchObject([{ reason: 'expired', deliveries: 1 }]);
    expect(sink.buried[0]!.error).toBe(error);
    expect([error.name, error.message, error.cause]).toEqual([
      'TooOldError',
      'nobody knows',
      new Error('gone'),
    ]);
  });
});
