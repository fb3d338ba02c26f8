import { StreamingServer } from '@app/streaming-server';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Message } from 'node-nats-streaming';
import { Client } from 'pg';
import { until } from '../parts/deadline.js';
import { natsServerBinary, startNatsServer } from '../parts/nats-server.part.js';
import { closeClient, openClient } from '../parts/streaming-client.js';
import type { Wire, Wiring } from './frame.js';
import type { CableMessage } from './message.js';
import { natsWiring } from './nats/nats-wiring.js';
import { postgresWiring } from './postgres/postgres-wiring.js';

jest.setTimeout(60_000);
const WITHIN_MS = 10_000;

interface Piece {
  readonly connection: number;
  readonly way: keyof Wire;
  readonly bytes: Buffer;
}

/** Carries a conversation and writes it down. */
class Recorder {
  readonly pieces: Piece[] = [];
  private readonly sockets: Socket[] = [];
  private connections = 0;

  private constructor(private readonly server: Server) {}

  static async to(port: number): Promise<Recorder> {
    const server = createServer((near) => recorder.carry(near, port));
    const recorder = new Recorder(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return recorder;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private carry(near: Socket, port: number): void {
    const connection = (this.connections += 1);
    const far = connect(port, '127.0.0.1');
    this.sockets.push(near, far);
    for (const [way, from, to] of [
      ['there', near, far],
      ['back', far, near],
    ] as const) {
      from.on('error', () => undefined);
      from.on('data', (bytes) => {
        this.pieces.push({ connection, way, bytes });
        to.write(bytes);
      });
      from.on('end', () => to.end());
    }
  }
}

/** What the wiring makes of the recorded conversation, in pieces of a size. */
function read(wiring: Wiring, pieces: readonly Piece[], size: number) {
  const wires = new Map<number, Wire>();
  const passed: Record<keyof Wire, Buffer[]> = { there: [], back: [] };
  const messages: CableMessage[] = [];
  for (const { connection, way, bytes } of pieces) {
    const wire = wires.get(connection) ?? wiring();
    wires.set(connection, wire);
    for (let start = 0; start < bytes.length; start += size) {
      for (const frame of wire[way].push(Buffer.from(bytes.subarray(start, start + size)))) {
        passed[way].push(frame.bytes);
        frame.passed?.();
        if (frame.message !== undefined) messages.push(frame.message);
      }
    }
  }
  // A client does not wait for the last word of an answer that is an error: the record may end before it.
  for (const wire of wires.values()) {
    for (const way of ['there', 'back'] as const) passed[way].push(wire[way].rest());
  }
  return { there: Buffer.concat(passed.there), back: Buffer.concat(passed.back), messages };
}

describe('a real conversation that comes in pieces', () => {
  let recorder: Recorder;
  const closers: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function record(port: number): Promise<Recorder> {
    recorder = await Recorder.to(port);
    closers.push(() => recorder.close());
    return recorder;
  }

  /** Each piece of bytes, down to single ones, gives the same messages, and each byte arrives. */
  function expectTheSameInPieces(wiringOf: () => Wiring): CableMessage[] {
    const { pieces } = recorder;
    const whole = read(wiringOf(), pieces, Infinity);
    for (const way of ['there', 'back'] as const) {
      const sent = Buffer.concat(pieces.filter((piece) => piece.way === way).map(({ bytes }) => bytes));
      expect(whole[way].equals(sent)).toBe(true);
    }
    for (const size of [1, 2, 3, 5, 7, 13, 64]) {
      const inPieces = read(wiringOf(), pieces, size);
      expect(inPieces.there.equals(whole.there) && inPieces.back.equals(whole.back)).toBe(true);
      expect(inPieces.messages).toEqual(whole.messages);
    }
    return whole.messages;
  }

  it('with NATS Streaming is read alike', async () => {
    const broker = await StreamingServer.start({ clusterId: 'bank' });
    closers.push(() => broker.stop());
    const { port } = await record(broker.port);
    const client = await openClient(
      { url: `nats://127.0.0.1:${port}`, clusterId: 'bank' },
      'recorded',
      WITHIN_MS,
    );
    let acked = 0;
    const subscription = client.subscribe('coin', client.subscriptionOptions().setManualAckMode(true));
    subscription.on('message', (message: Message) => {
      message.ack();
      acked += 1;
    });
    await new Promise((resolve) => subscription.once('ready', resolve));
    for (const text of ['heads', 'tails\r\nPUB x 1\r\n', '£'.repeat(3_000)]) {
      await new Promise((resolve) => client.publish('coin', text, resolve));
    }
    await until('the deliveries', WITHIN_MS, () => (acked === 3 ? true : undefined));
    await closeClient(client);
    const kinds = expectTheSameInPieces(natsWiring).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(
      ['delivery', 'delivery-ack', 'publish', 'publish-ack'].flatMap((kind) => [kind, kind, kind]),
    );
  });

  (natsServerBinary() === undefined ? it.skip : it)('with JetStream is read alike', async () => {
    const broker = await startNatsServer();
    closers.push(() => broker.stop());
    const { port } = await record(broker.port);
    const client = await connectNats({ servers: `127.0.0.1:${port}` });
    const manager = await jetstreamManager(client);
    await manager.streams.add({ name: 'coin', subjects: ['coin'] });
    await manager.consumers.add('coin', { durable_name: 'accounts', ack_policy: 'explicit' });
    for (const text of ['heads', 'tails\r\nHPUB x 1 2\r\n', '£'.repeat(3_000)]) {
      await jetstream(client).publish('coin', text, { msgID: text.slice(0, 5).trim() });
    }
    const consumer = await jetstream(client).consumers.get('coin', 'accounts');
    for await (const message of await consumer.fetch({ max_messages: 3 })) await message.ackAck();
    await client.close();
    const kinds = expectTheSameInPieces(natsWiring).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(
      ['delivery', 'delivery-ack', 'delivery-ack-confirmed', 'publish', 'publish-ack'].flatMap((kind) => [
        kind,
        kind,
        kind,
      ]),
    );
  });

  it('with PostgreSQL is read alike', async () => {
    const url = new URL(process.env['TEST_POSTGRES_URL']!);
    const { port } = await record(Number(url.port));
    url.port = String(port);
    const client = new Client({ connectionString: url.href });
    await client.connect();
    for (let run = 0; run < 2; run += 1) {
      await client.query('begin');
      await client.query({
        name: 'named',
        text: 'select $1::text as text, $2::bytea as bytes',
        values: ['Z', Buffer.alloc(300)],
      });
      await client.query('select repeat($1, 5000)', ['CZ']);
      await client.query('commit');
    }
    await client.query('select 1; select 2');
    await client.query('select 1 / 0').catch(() => undefined);
    await client.query('select 3');
    await client.end();
    const messages = expectTheSameInPieces(() => postgresWiring);
    const statementsOf = (kind: string) =>
      messages.flatMap((message) =>
        message.protocol === 'postgres' && message.kind === kind ? message.statements : [],
      );
    const named = 'select $1::text as text, $2::bytea as bytes';
    const transaction = ['begin', named, 'select repeat($1, 5000)', 'commit'];
    expect(statementsOf('request')).toEqual([
      ...transaction,
      ...transaction,
      'select 1; select 2',
      'select 1 / 0',
      'select 3',
    ]);
    expect(statementsOf('answer')).toEqual(statementsOf('request'));
  });
});
