import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  type BusMessageHandler,
  NatsNotConnectedError,
  PublishRefusedError,
  PublishUnknownError,
} from '../src/index.js';
import { FakeMessageBus } from './fake-message-bus.js';

let bus: FakeMessageBus;

beforeEach(() => {
  bus = new FakeMessageBus();
});

describe('the fake bus', () => {
  it('acknowledges by default, so that an awaited publish resolves', async () => {
    await expect(bus.publish('transfer.requested', '{}')).resolves.toEqual({ guid: 'fake-1' });
    expect(bus.ready).toBe(true);
  });

  it.each([
    ['refuse', PublishRefusedError],
    ['answer-unknown', PublishUnknownError],
    ['not-connected', NatsNotConnectedError],
  ] as const)('told to `%s`, it rejects as the real one would', async (answer, ErrorClass) => {
    bus.answerWith(answer);
    await expect(bus.publish('transfer.requested', '{}')).rejects.toThrow(ErrorClass);
  });

  it('told to hang, it does not answer', async () => {
    bus.answerWith('hang');
    const answered = jest.fn();
    void bus.publish('transfer.requested', '{}').finally(answered);
    await new Promise(setImmediate);
    expect(answered).not.toHaveBeenCalled();
  });

  it('records every publish, whatever its outcome', async () => {
    await bus.publish('a', '1');
    bus.answerWith('refuse');
    await bus.publish('b', '2').catch(() => undefined);
    expect(bus.published).toEqual([
      { channel: 'a', payload: '1' },
      { channel: 'b', payload: '2' },
    ]);
  });

  it('cleared, forgets the calls and keeps its behaviour', async () => {
    bus.answerWith('refuse');
    await bus.publish('a', '1').catch(() => undefined);
    bus.clear();
    expect(bus.published).toEqual([]);
    await expect(bus.publish('a', '1')).rejects.toThrow(PublishRefusedError);
  });

  it('reset, acknowledges again and has no subscriber', async () => {
    bus.answerWith('refuse');
    bus.subscribe('a', () => Promise.resolve());
    bus.reset();
    await expect(bus.publish('a', '1')).resolves.toBeDefined();
    await expect(bus.deliver('a', '1')).rejects.toThrow('Nobody has subscribed to a');
  });

  it('tells its listeners when it becomes ready again', () => {
    const listener = jest.fn();
    const stopListening = bus.onReady(listener);
    bus.answerWith('not-connected');
    expect(bus.ready).toBe(false);
    expect(listener).not.toHaveBeenCalled();
    bus.answerWith('acknowledge');
    expect(listener).toHaveBeenCalledTimes(1);
    stopListening();
    bus.answerWith('acknowledge');
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('delivers to the subscriber, and rejects as its handler does', async () => {
    const handler = jest.fn<BusMessageHandler>(() => Promise.reject(new Error('not now')));
    bus.subscribe('a', handler);
    await expect(bus.deliver('a', '{}')).rejects.toThrow('not now');
    expect(handler).toHaveBeenCalledWith({
      channel: 'a',
      data: Buffer.from('{}'),
      sequence: 1,
      redelivered: false,
    });
  });

  it('delivers nothing more to a subscriber that was drained', async () => {
    await bus.subscribe('a', () => Promise.resolve()).drain();
    await expect(bus.deliver('a', '{}')).rejects.toThrow('Nobody has subscribed to a');
  });
});
