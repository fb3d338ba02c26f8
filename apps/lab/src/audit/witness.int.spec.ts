import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Message, Stan } from 'node-nats-streaming';
import { closeClient, openClient } from '../parts/streaming-client.js';
import { startStreamingServer, type StreamingServerPart } from '../parts/streaming-server.part.js';
import { readChannel, transfersIn } from './witness.js';

const WITHIN_MS = 5_000;

describe('the third witness', () => {
  let broker: StreamingServerPart;
  let publisher: Stan;

  beforeEach(async () => {
    broker = await startStreamingServer();
    publisher = await openClient(broker, 'publisher', WITHIN_MS);
  });

  afterEach(async () => {
    await closeClient(publisher);
    await broker.stop();
  });

  async function publish(...texts: string[]): Promise<void> {
    for (const text of texts) {
      await new Promise<void>((resolve, reject) => {
        publisher.publish('the.channel', text, (error) => (error === undefined ? resolve() : reject(error)));
      });
    }
  }

  it('reads every message from the first to the last, as often as it is asked', async () => {
    const texts = Array.from({ length: 300 }, (_, index) => `message ${index + 1}`);
    await publish(...texts);
    for (let round = 1; round <= 2; round += 1) {
      const messages = await readChannel(broker, 'the.channel', WITHIN_MS);
      expect([...messages].sort(([a], [b]) => a - b)).toEqual(texts.map((text, index) => [index + 1, text]));
    }
  });

  it('takes nothing away: a durable subscriber that comes later still gets the message', async () => {
    await publish('one');
    await readChannel(broker, 'the.channel', WITHIN_MS);
    const options = publisher.subscriptionOptions().setDeliverAllAvailable().setDurableName('durable');
    const got = new Promise<Message>((resolve) => {
      publisher.subscribe('the.channel', options).once('message', resolve);
    });
    expect((await got).getData()).toBe('one');
  });

  it('an empty channel is an error, because it proves nothing', async () => {
    await expect(readChannel(broker, 'the.channel', 300)).rejects.toThrow(/all messages of the\.channel/);
  });

  it('a broker that is not there is an error at once', async () => {
    await broker.kill();
    await expect(readChannel(broker, 'the.channel', WITHIN_MS)).rejects.toThrow(
      /Could not connect|ECONNREFUSED/,
    );
  });

  it('finds the transfers that the messages are about', () => {
    const messages = new Map([
      [1, '{"data":{"transferId":"t1"}}'],
      [2, '{"data":{"transferId":"t2"}}'],
      [3, '{"data":{"transferId":"t1"}}'],
    ]);
    expect(transfersIn(messages)).toEqual(new Set(['t1', 't2']));
  });
});
