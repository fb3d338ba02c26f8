import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Cable, type CableOptions } from '../src/cable/cable.js';
import { until } from '../src/parts/deadline.js';

const WITHIN_MS = 5_000;

/** An end of a cable that remembers what it got. */
export class End {
  received = '';
  closed = false;
  /** Whether it was closed by a reset. */
  failed = false;

  constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => (this.received += bytes.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', (failed) => {
      this.closed = true;
      this.failed = failed;
    });
  }

  async gets(text: string): Promise<void> {
    await until(`the text ${text.slice(0, 40)}`, WITHIN_MS, () =>
      this.received === text ? true : undefined,
    );
  }

  async closes(): Promise<void> {
    await until('the end of the connection', WITHIN_MS, () => (this.closed ? true : undefined));
  }
}

/** A cable, and both its ends. */
export class CableEnds {
  readonly arrived: End[] = [];
  private readonly dialled: End[] = [];

  private constructor(
    private readonly server: Server,
    readonly cable: Cable,
  ) {}

  static async open(options?: CableOptions): Promise<CableEnds> {
    const server = createServer((socket) => ends.arrived.push(new End(socket)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const target = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const ends = new CableEnds(server, await Cable.to(target, options));
    return ends;
  }

  dial(): End {
    const end = new End(connect(this.cable.port, '127.0.0.1'));
    this.dialled.push(end);
    return end;
  }

  async arrival(number = 1): Promise<End> {
    return until(`connection ${number} at the server`, WITHIN_MS, () => this.arrived[number - 1]);
  }

  async connectedPair(): Promise<{ client: End; server: End }> {
    const number = this.arrived.length + 1;
    const client = this.dial();
    await once(client.socket, 'connect');
    return { client, server: await this.arrival(number) };
  }

  async close(): Promise<void> {
    await this.cable.close();
    for (const { socket } of [...this.arrived, ...this.dialled]) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
