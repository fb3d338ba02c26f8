import type { Duplex } from 'node:stream';
import type { CoreServer } from '../../src/core/core-server.js';
import { duplexPair } from './duplex-pair.js';

const TURNS_MAX = 2_000;
const IDENTITY = { id: 'ID', name: 'NAME', version: '0.25.6', host: '127.0.0.1', port: 4222 };

/** Waits until the condition holds, for many turns of the event loop but no time: nothing here depends on a clock. */
export async function turnsUntil(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`not after ${TURNS_MAX} turns of the event loop: ${what}`);
}

/** A client that speaks the protocol by hand, over a stream in memory. */
export class Peer {
  received = '';
  closed = false;
  private readonly stream: Duplex;

  constructor(server: CoreServer, options: { reads?: boolean } = {}) {
    const [own, servers] = duplexPair();
    this.stream = own;
    own.on('close', () => (this.closed = true));
    own.on('error', () => undefined);
    if (options.reads !== false)
      own.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    server.accept(servers, '127.0.0.1', IDENTITY);
  }

  /** Connects as clients do. `options` are CONNECT's. */
  static async connected(server: CoreServer, options: object = {}): Promise<Peer> {
    const peer = new Peer(server);
    peer.send(`CONNECT ${JSON.stringify({ verbose: false, pedantic: false, ...options })}\r\nPING\r\n`);
    await peer.until('PONG\r\n');
    peer.received = '';
    return peer;
  }

  send(bytes: string | Buffer): void {
    this.stream.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Ends this side only: the connection is half open. */
  end(): void {
    this.stream.end();
  }

  async until(text: string): Promise<void> {
    await turnsUntil(() => this.received.includes(text), `"${text}" in "${this.received.slice(0, 300)}"`);
  }

  async untilClosed(): Promise<void> {
    await turnsUntil(() => this.closed, `closed, after "${this.received.slice(0, 300)}"`);
  }

  /** Everything the server says until it has seen all that was sent. */
  async answers(): Promise<string> {
    this.send('PING\r\n');
    await this.until('PONG\r\n');
    const answer = this.received.replace('PONG\r\n', '');
    this.received = '';
    return answer;
  }
}
