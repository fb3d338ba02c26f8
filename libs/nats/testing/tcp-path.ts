import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A way to a server that can be broken, for integration specs. */
export class TcpPath implements AsyncDisposable {
  private readonly sockets = new Set<Socket>();
  private frozen = false;

  private constructor(
    private readonly listener: Server,
    private readonly targetPort: number,
  ) {
    listener.on('connection', (near) => this.join(near, connect(this.targetPort, '127.0.0.1')));
  }

  static async to(targetPort: number): Promise<TcpPath> {
    const listener = createServer();
    const path = new TcpPath(listener, targetPort);
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return path;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  /** Ends every connection that stands; new ones go through. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** From now on nothing gets through, in either direction, and nobody is told. */
  freeze(): void {
    this.frozen = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.listener, 'close');
    this.listener.close();
    this.drop();
    await closed;
  }

  private join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (chunk) => this.frozen || to.write(chunk));
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
