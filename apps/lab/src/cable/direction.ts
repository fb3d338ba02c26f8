import type { Socket } from 'node:net';

/** Enough for any burst here; beyond it the socket is not read, and the sender's own buffers fill. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;

/** What one end of a connection sends: passed to the other end, or held. */
export class Direction {
  private to: Socket | undefined;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private ended = false;
  /** Runs while bytes are held to be passed on later. */
  private passing: NodeJS.Timeout | undefined;
  private afterMs = 0;

  constructor(private readonly from: Socket) {
    from.on('data', (bytes: Buffer) => this.take(bytes));
    from.on('end', () => {
      this.ended = true;
      if (this.afterMs === 0) this.to?.end();
    });
  }

  /**
   * Passes on what is held, and what comes, in order.
   * @param afterMs how long bytes stay here at most before they are passed on together
   */
  passTo(to: Socket, afterMs = 0): void {
    this.to = to;
    this.afterMs = afterMs;
    clearInterval(this.passing);
    this.passing = afterMs === 0 ? undefined : setInterval(() => this.passHeld(to), afterMs).unref();
    if (afterMs === 0) this.passHeld(to);
  }

  hold(): void {
    this.to = undefined;
    clearInterval(this.passing);
  }

  private passHeld(to: Socket): void {
    const { held } = this;
    this.held = [];
    this.heldBytes = 0;
    for (const bytes of held) to.write(bytes);
    if (this.ended) {
      clearInterval(this.passing);
      to.end();
    }
    this.from.resume();
  }

  private take(bytes: Buffer): void {
    const { from, to } = this;
    if (to === undefined || this.afterMs > 0) {
      this.held.push(bytes);
      this.heldBytes += bytes.length;
      if (this.heldBytes > HELD_BYTES_MAX) from.pause();
    } else if (!to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  }
}
