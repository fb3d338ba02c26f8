import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TEST_JETSTREAM, testNatsOptions } from '../../testing/index.js';
import { ensureConsumer, ensureStream } from './jetstream-resources.js';
import { JetStreamConfigurationError } from './jetstream.errors.js';

const api = () => ({
  info: jest.fn<(...names: string[]) => Promise<object>>(),
  add: jest.fn<(...given: unknown[]) => Promise<object>>(),
});
const streams = api();
const consumers = api();
const manager = { streams, consumers } as unknown as JetStreamManager;
const options = { ...testNatsOptions({ channelPrefix: 'test.', ackWaitMs: 5_000 }), driver: TEST_JETSTREAM };

const apiError = (code: number, err_code: number) =>
  new JetStreamApiError({ code, err_code, description: 'the server’s words' });
const STREAM_MISSING = apiError(404, 10_059);
const CONSUMER_MISSING = apiError(404, 10_014);

const STREAM = {
  subjects: ['test.coin.tossed'],
  storage: 'file',
  retention: 'limits',
  num_replicas: 1,
  max_age: 0,
  duplicate_window: 120_000_000_000,
};
const CONSUMER = { ack_policy: 'explicit', deliver_policy: 'all', ack_wait: 5_000_000_000, max_deliver: -1 };

beforeEach(() => {
  streams.info.mockRejectedValue(STREAM_MISSING);
  streams.add.mockResolvedValue({ config: STREAM });
  consumers.info.mockRejectedValue(CONSUMER_MISSING);
  consumers.add.mockResolvedValue({ config: CONSUMER });
});

describe('the stream of a channel', () => {
  it('is made where there is none', async () => {
    await expect(ensureStream(manager, 'coin.tossed', options)).resolves.toBe('test_coin_tossed');
    expect(streams.add).toHaveBeenCalledWith({ name: 'test_coin_tossed', ...STREAM });
  });

  it('is left alone where it is as configured, whatever else it has', async () => {
    streams.info.mockResolvedValue({ config: { ...STREAM, description: 'the operator’s', max_bytes: 1 } });
    await ensureStream(manager, 'coin.tossed', options);
    expect(streams.add).not.toHaveBeenCalled();
  });

  it('that is otherwise is an error that names every difference', async () => {
    streams.info.mockResolvedValue({ config: { ...STREAM, num_replicas: 3, storage: 'memory' } });
    await expect(ensureStream(manager, 'coin.tossed', options)).rejects.toMatchObject({
      code: 'NATS_JETSTREAM_CONFIGURATION',
      differences: ['storage is "memory", expected "file"', 'num_replicas is 3, expected 1'],
    });
  });

  it('that another instance made meanwhile is taken, and checked', async () => {
    streams.add.mockRejectedValue(apiError(400, 10_058));
    streams.info.mockRejectedValueOnce(STREAM_MISSING).mockResolvedValue({ config: STREAM });
    await expect(ensureStream(manager, 'coin.tossed', options)).resolves.toBe('test_coin_tossed');
  });

  it('that cannot be made so is an error with the server’s words', async () => {
    streams.add.mockRejectedValue(apiError(500, 10_052));
    await expect(ensureStream(manager, 'coin.tossed', options)).rejects.toThrow(
      /stream test_coin_tossed is not as configured: the server’s words/,
    );
  });

  it.each([
    ['no leader', 503, 10_008],
    ['too few servers', 400, 10_005],
  ])(
    'that cannot be made now is the server’s trouble, and no wrong configuration: %s',
    async (_case, status, code) => {
      const trouble = apiError(status, code);
      streams.add.mockRejectedValue(trouble);
      await expect(ensureStream(manager, 'coin.tossed', options)).rejects.toBe(trouble);
    },
  );
});

describe('the consumer of a queue', () => {
  it('is made where there is none, under the queue’s name', async () => {
    await expect(ensureConsumer(manager, 'coin_tossed', options)).resolves.toBe('transactions');
    expect(consumers.add).toHaveBeenCalledWith('coin_tossed', { durable_name: 'transactions', ...CONSUMER });
  });

  it('that is otherwise is an error that names the difference in milliseconds', async () => {
    consumers.info.mockResolvedValue({ config: { ...CONSUMER, ack_wait: 30_000_000_000 } });
    await expect(ensureConsumer(manager, 'coin_tossed', options)).rejects.toThrow(
      JetStreamConfigurationError,
    );
    await expect(ensureConsumer(manager, 'coin_tossed', options)).rejects.toThrow(
      /consumer transactions of stream coin_tossed .*ack_wait is 30000 ms, expected 5000 ms/,
    );
  });
});
