import type { Socket } from 'node:net';

/** Enough for any burst here; beyond it the socket is not read, and the sender's own buffers fill. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;

/** What one end of a connection sends: passed to the other end, or held. */
export class Direction {
  private to: Socket | undefined;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private ended = false;

  constructor(private readonly from: Socket) {
    from.on('data', (bytes: Buffer) => this.take(bytes));
    from.on('end', () => {
      this.ended = true;
      this.to?.end();
    });
  }

  /** Passes on what is held, and what comes, in order. */
  passTo(to: Socket): void {
    this.to = to;
    const { held } = this;
    this.held = [];
    this.heldBytes = 0;
    for (const bytes of held) to.write(bytes);
    if (this.ended) to.end();
    this.from.resume();
  }

  hold(): void {
    this.to = undefined;
  }

  private take(bytes: Buffer): void {
    const { from, to } = this;
    if (to === undefined) {
      this.held.push(bytes);
      this.heldBytes += bytes.length;
      if (this.heldBytes > HELD_BYTES_MAX) from.pause();
    } else if (!to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  }
}
