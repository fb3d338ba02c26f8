import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { JetStreamConfigurationError, JetStreamUnavailableError, PublishRefusedError } from '../src/index.js';
import { eventually, TEST_JETSTREAM } from '../testing/index.js';
import { needed, realJetStream, type Backend } from './backends.js';
import { Bench, CHANNEL, listen } from './bench.js';
import { freePort, startServer } from './server-process.js';

const BACK_MS = 15_000;

/** What the JetStream driver does beyond the contract of both. */
export function jetStreamContract(name: string, backend: Backend): void {
  describe(name, () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = await Bench.start(backend);
    });
    afterEach(() => bench.end());

    it('a repeat under the same message id is acknowledged as a duplicate, and delivered once', async () => {
      const instance = await bench.connected();
      const first = await instance.bus.publish(CHANNEL, 'a', { messageId: 'id-1' });
      const repeat = await instance.bus.publish(CHANNEL, 'a', { messageId: 'id-1' });
      expect(first).toEqual({ guid: 'coin_tossed:1', duplicate: false, sequence: 1 });
      expect(repeat).toEqual({ guid: 'coin_tossed:1', duplicate: true, sequence: 1 });
      await instance.bus.publish(CHANNEL, 'b', { messageId: 'id-2' });
      const { heard } = listen(instance);
      await eventually('both come', () => heard.length === 2);
      expect(heard).toEqual(['1 a', '2 b']);
    });

    it('a publish announces its steps in their order', async () => {
      const steps: string[] = [];
      const names = ['nats.publish.called', 'nats.publish.sent', 'nats.publish.acked'];
      const note = (_detail: unknown, name: string | symbol) => void steps.push(String(name));
      const { bus } = await bench.connected();
      for (const name of names) subscribe(name, note);
      await bus.publish(CHANNEL, 'a');
      for (const name of names) unsubscribe(name, note);
      expect(steps).toEqual(names);
    });

    it('its health tells the subscriptions that the server serves, and the round trip', async () => {
      const instance = await bench.connected();
      listen(instance);
      await eventually(
        'it is alive',
        async () => (await instance.bus.health(1_000)).subscriptionsAlive === 1,
      );
      await expect(instance.bus.health(1_000)).resolves.toEqual({
        state: 'connected',
        subscriptions: 1,
        subscriptionsAlive: 1,
        roundTripMs: expect.any(Number),
      });
    });

    it('an acknowledgement is the server’s before the message counts as acknowledged', async () => {
      const instance = await bench.connected();
      let floor: Promise<number> | undefined;
      const client = await connect({ servers: `127.0.0.1:${bench.port}` });
      const { consumers } = await jetstreamManager(client);
      const note = () => {
        floor = consumers.info('coin_tossed', 'transactions').then(({ ack_floor }) => ack_floor.stream_seq);
      };
      subscribe('nats.message.acknowledged', note);
      listen(instance);
      await instance.bus.publish(CHANNEL, 'a');
      await eventually('it is acknowledged', () => floor !== undefined);
      unsubscribe('nats.message.acknowledged', note);
      expect(await floor).toBe(1);
      await client.close();
    });

    it('a message that failed comes again before its ack wait is over', async () => {
      const instance = await bench.connected({ ackWaitMs: 60_000 });
      const { heard } = listen(instance, ({ redelivered }) =>
        redelivered ? Promise.resolve() : Promise.reject(new Error('no')),
      );
      await instance.bus.publish(CHANNEL, 'a');
      await eventually('it comes again', () => heard.length === 2);
      expect(heard).toEqual(['1 a', '1 a!']);
    });

    it('two messages without an id are two messages', async () => {
      const { bus } = await bench.connected();
      await bus.publish(CHANNEL, 'a');
      await expect(bus.publish(CHANNEL, 'a')).resolves.toMatchObject({ duplicate: false, sequence: 2 });
    });

    it('a stream that is set up otherwise is refused at the start, naming each difference', async () => {
      await bench.connected();
      const { connection } = await bench.instance({
        driver: { ...TEST_JETSTREAM, maxAgeMs: 3_600_000, duplicateWindowMs: 60_000 },
      });
      const error = await connection.connectWithRetry(10_000).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(JetStreamConfigurationError);
      expect(error).toMatchObject({
        resource: 'stream coin_tossed',
        differences: [
          'max_age is 0 ms, expected 3600000 ms',
          'duplicate_window is 120000 ms, expected 60000 ms',
        ],
      });
    });

    it('a stream that cannot be is refused at the start, with the server’s reason', async () => {
      const { connection } = await bench.instance({
        driver: { ...TEST_JETSTREAM, maxAgeMs: 60_000 },
      });
      await expect(connection.connect()).rejects.toThrow(/stream coin_tossed is not as configured: dup/);
    });

    it('a consumer that is set up otherwise counts as a lost connection, naming the difference', async () => {
      const first = await bench.connected();
      listen(first);
      await eventually('it has subscribed', () =>
        bench.log.lines.some((line) => line.includes('Subscribed to')),
      );
      const second = await bench.connected({ ackWaitMs: 2_000 });
      listen(second);
      await eventually('it is lost', () => second.connection.state === 'lost');
      expect(bench.log.lines.find((line) => line.startsWith('error NATS connection lost'))).toContain(
        'consumer transactions of stream coin_tossed is not as configured: ack_wait is 10000 ms, expected 2000 ms',
      );
    });

    it('a server without JetStream is told apart from one that is away', async () => {
      const port = await freePort();
      const plain = await startServer(
        needed('nats-server', 'NATS_SERVER'),
        ['-a', '127.0.0.1', '-p', `${port}`],
        /Server is ready/,
      );
      const { connection } = await bench.instance({ url: `nats://127.0.0.1:${port}` });
      await expect(connection.connect()).rejects.toThrow(JetStreamUnavailableError);
      await plain.stop();
    });

    it('in the background a wrong stream ends in `lost`, with its reason in the log', async () => {
      await bench.connected();
      const { connection } = await bench.instance({
        driver: { ...TEST_JETSTREAM, duplicateWindowMs: 60_000 },
      });
      connection.connectInBackground();
      await eventually('it is lost', () => connection.state === 'lost');
      expect(bench.log.lines.at(-1)).toContain('duplicate_window is 120000 ms, expected 60000 ms');
    });

    it('a server that lost its store gets its streams and consumers again, and the service goes on', async () => {
      const instance = await bench.connected({ resumeTimeoutMs: 10_000 });
      const { heard } = listen(instance);
      await instance.bus.publish(CHANNEL, 'before');
      await eventually('the first', () => heard.length === 1);
      const { port } = bench;
      await bench.stopBroker();
      const empty = await mkdtemp(join(tmpdir(), 'nats-empty-'));
      const fresh = await realJetStream.start(empty, port);
      await eventually('it has resumed', () => instance.bus.ready, BACK_MS);
      await instance.bus.publish(CHANNEL, 'after');
      await eventually('the second', () => heard.includes('1 after'), BACK_MS);
      await instance.connection.close();
      await fresh.stop();
      await rm(empty, { recursive: true, force: true });
    });

    it('credentials in the URL are used, and shown nowhere', async () => {
      const port = await freePort();
      const directory = await mkdtemp(join(tmpdir(), 'nats-secret-'));
      const guarded = await startServer(
        needed('nats-server', 'NATS_SERVER'),
        ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', directory, '--user', 'bank', '--pass', 'hunter2'],
        /Server is ready/,
      );
      const right = await bench.connected({ url: `nats://bank:hunter2@127.0.0.1:${port}` });
      await right.bus.publish(CHANNEL, 'a');
      const wrong = await bench.instance({ url: `nats://bank:hunter3@127.0.0.1:${port}` });
      await expect(wrong.connection.connect()).rejects.toMatchObject({ code: 'NATS_CONNECT_REFUSED' });
      expect([...bench.log.lines, inspect(right.connection)].join('\n')).not.toMatch(/hunter/);
      await right.connection.close();
      await guarded.stop();
      await rm(directory, { recursive: true, force: true });
    });

    it('a message for which no stream can be made is refused, and not the message’s fault', async () => {
      const { bus } = await bench.connected();
      const error = await bus.publish('$JS.API.INFO', 'a').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(PublishRefusedError);
      expect(error).toMatchObject({ registrationLost: true });
    });
  });
}
