import { EventEmitter } from 'node:events';
import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TEST_JETSTREAM, testNatsOptions } from '../../testing/index.js';
import { NatsNotConnectedError, PublishRefusedError, PublishUnknownError } from '../nats.errors.js';
import { JetStreamBus } from './jetstream.bus.js';
import type { JetStreamConnection } from './jetstream-connection.js';

const publish = jest.fn<(subject: string, payload: string, options: object) => Promise<object>>();
const streamOf = jest.fn<(channel: string) => Promise<string>>();
const forgetStreams = jest.fn();
const session = {
  client: { info: { max_payload: 10_000 } },
  jetStream: { publish },
  streamOf,
  forgetStreams,
};

class FakeConnection extends EventEmitter {
  state = 'connected';
  readonly options = { ...testNatsOptions({ channelPrefix: 'test.' }), driver: TEST_JETSTREAM };

  get session() {
    if (this.state !== 'connected') throw new NatsNotConnectedError(this.state);
    return session;
  }
}

let connection: FakeConnection;
let bus: JetStreamBus;

beforeEach(() => {
  publish.mockResolvedValue({ stream: 'test_coin', seq: 7, duplicate: true });
  streamOf.mockResolvedValue('test_coin');
  connection = new FakeConnection();
  bus = new JetStreamBus(connection as unknown as JetStreamConnection);
});

const apiError = (code: number) => new JetStreamApiError({ code, err_code: 1, description: 'no' });
const noResponders = Object.assign(new Error('jetstream is not enabled'), { name: 'JetStreamNotEnabled' });

describe('a publish', () => {
  it('goes to the prefixed subject, into its own stream only, with the event’s id', async () => {
    await expect(bus.publish('coin', 'a', { messageId: 'id-1' })).resolves.toEqual({
      guid: 'test_coin:7',
      duplicate: true,
      sequence: 7,
    });
    expect(publish).toHaveBeenCalledWith('test.coin', 'a', {
      timeout: 1_000,
      expect: { streamName: 'test_coin' },
      msgID: 'id-1',
    });
  });

  it.each([
    ['a time-out', new errors.TimeoutError(), PublishUnknownError],
    ['a connection that closed', new errors.ClosedConnectionError(), PublishUnknownError],
    ['a request that was cancelled', new errors.RequestError('cancelled'), PublishUnknownError],
    ['a fault of the server', apiError(503), PublishUnknownError],
    ['a refusal of the server', apiError(400), PublishRefusedError],
    ['an argument that the client refuses', new errors.InvalidArgumentError('payload'), PublishRefusedError],
    [
      'a subject that is not allowed',
      new errors.RequestError('', { cause: new errors.PermissionViolationError('', 'publish', 'coin') }),
      PublishRefusedError,
    ],
    ['nobody who takes the subject', noResponders, PublishRefusedError],
  ])('ends with %s in the right outcome, and keeps the cause', async (_case, cause, ErrorClass) => {
    publish.mockRejectedValue(cause);
    const error = await bus.publish('coin', 'a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ErrorClass);
    expect(error).toMatchObject({ cause });
  });

  it('that nobody took is not the message’s fault, and the streams are looked at again', async () => {
    publish.mockRejectedValue(noResponders);
    await expect(bus.publish('coin', 'a')).rejects.toMatchObject({ registrationLost: true });
    expect(forgetStreams).toHaveBeenCalledTimes(1);
  });

  it('whose stream cannot be had is refused before anything is sent', async () => {
    streamOf.mockRejectedValue(new Error('no leader'));
    await expect(bus.publish('coin', 'a')).rejects.toMatchObject({
      outcome: 'refused',
      registrationLost: true,
    });
    expect(publish).not.toHaveBeenCalled();
  });

  it('is not sent when the connection breaks while its stream is looked at', async () => {
    streamOf.mockImplementation(() => {
      connection.state = 'interrupted';
      return Promise.resolve('test_coin');
    });
    await expect(bus.publish('coin', 'a')).rejects.toThrow(NatsNotConnectedError);
    expect(publish).not.toHaveBeenCalled();
  });

  it.each(['', 'a.*', 'a b', 'a.', 'a\\b'])(
    'to the channel “%s” is refused before anything is sent',
    async (channel) => {
      await expect(bus.publish(channel, 'a')).rejects.toThrow(PublishRefusedError);
      expect(publish).not.toHaveBeenCalled();
    },
  );

  it('over the server’s limit is refused before anything is sent', async () => {
    await expect(bus.publish('coin', 'x'.repeat(10_000))).rejects.toThrow(/over the limit of 5904/);
    expect(publish).not.toHaveBeenCalled();
  });
});

describe('the bus', () => {
  it('is ready while the connection stands, and says when it is again', () => {
    const ready = jest.fn();
    const stop = bus.onReady(ready);
    connection.emit('resumed');
    expect([bus.ready, ready.mock.calls.length]).toEqual([true, 1]);
    stop();
    connection.emit('resumed');
    connection.state = 'interrupted';
    expect([bus.ready, ready.mock.calls.length]).toEqual([false, 1]);
  });

  it('tells for how long repeats are dropped', () => {
    expect(bus.duplicateWindowMs).toBe(120_000);
  });
});
