import type { Socket } from 'node:net';
import { Direction } from './direction.js';

/**
 * One connection through a cable.
 *
 * - `hold`: nothing is passed on. What the ends send is still read, up to a limit, because only a socket that is read
 *   tells that its end has gone. Left by `pass` and by `cut`.
 * - `pass`: bytes go through as they come. If an end went while they were held, what it sent is dropped: the strand is
 *   cut instead. Left by `hold` and by `cut`.
 * - `cut`: both sockets are destroyed. Never left.
 */
export class Strand {
  private state: 'pass' | 'hold' | 'cut' = 'hold';
  private lostAnEnd = false;
  private far: Socket | undefined;
  private readonly there: Direction;
  private back: Direction | undefined;

  /**
   * @param near the connection that arrived
   * @param dial makes the other one; not called before the strand passes
   * @param onCut called once, when the strand is cut, by an end or by the cable
   */
  constructor(
    private readonly near: Socket,
    private readonly dial: () => Socket,
    private readonly onCut: () => void,
  ) {
    this.there = this.directionFrom(near);
  }

  /** Whether both its ends are there, as far as the cable can see. */
  get isWhole(): boolean {
    return !this.lostAnEnd;
  }

  treat(treatment: 'pass' | 'hold' | 'cut'): void {
    if (this.state === 'cut' || treatment === this.state) return;
    if (treatment === 'cut' || (treatment === 'pass' && this.lostAnEnd)) this.cut();
    else if (treatment === 'pass') this.pass();
    else this.hold();
  }

  private pass(): void {
    this.state = 'pass';
    this.far ??= this.dial();
    this.back ??= this.directionFrom(this.far);
    this.there.passTo(this.far);
    this.back.passTo(this.near);
  }

  private hold(): void {
    this.state = 'hold';
    this.there.hold();
    this.back?.hold();
  }

  private directionFrom(socket: Socket): Direction {
    socket.setNoDelay(true);
    socket.on('error', () => undefined); // 'close' follows, and says enough
    socket.on('end', () => (this.lostAnEnd ||= this.state === 'hold'));
    socket.on('close', () => {
      this.lostAnEnd = true;
      if (this.state === 'pass') this.cut();
    });
    return new Direction(socket);
  }

  /** The socket that is still open is closed when it has written what was passed to it. */
  private cut(): void {
    const passedOn = this.state === 'pass';
    this.state = 'cut';
    for (const socket of [this.near, this.far]) {
      if (passedOn && this.lostAnEnd) socket?.destroySoon();
      else socket?.destroy();
    }
    this.onCut();
  }
}
