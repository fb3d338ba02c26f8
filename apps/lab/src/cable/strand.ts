import type { Socket } from 'node:net';
import { Direction } from './direction.js';

/** What becomes of a connection. */
export type StrandTreatment = 'pass' | 'slow' | 'hold' | 'stall' | 'cut' | 'reset';

/** Of a `slow` cable, in ms: some hundred times the way to a broker next door. */
export const SLOW_MS = 100;

/**
 * One connection through a cable.
 *
 * - `hold`: nothing is passed on. What the ends send is still read, up to a limit, because only a socket that is read
 *   tells that its end has gone. Left by `pass` and by `cut`.
 * - `stall`: the same, but what an end sent that went is passed on with the rest. Left like `hold`.
 * - `pass`: bytes go through as they come, or `SLOW_MS` later. If an end went while they were held, what it sent is dropped: the strand is
 *   cut instead. Left by `hold` and by `cut`.
 * - `cut`: both sockets are destroyed, or reset. Never left.
 */
export class Strand {
  private state: 'pass' | 'hold' | 'stall' | 'cut' = 'hold';
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

  treat(treatment: StrandTreatment): void {
    if (this.state === 'cut') return;
    if (treatment === 'hold' || treatment === 'stall') this.hold(treatment);
    else if (treatment === 'reset') this.reset();
    else if (treatment === 'cut' || this.lostAnEnd) this.cut();
    else this.pass(treatment === 'slow' ? SLOW_MS : 0);
  }

  private pass(afterMs: number): void {
    this.state = 'pass';
    this.far ??= this.dial();
    this.back ??= this.directionFrom(this.far);
    this.there.passTo(this.far, afterMs);
    this.back.passTo(this.near, afterMs);
  }

  private hold(how: 'hold' | 'stall'): void {
    this.state = how;
    this.there.hold();
    this.back?.hold();
  }

  private directionFrom(socket: Socket): Direction {
    socket.setNoDelay(true);
    socket.on('error', () => undefined); // 'close' follows, and says enough
    socket.on('end', () => (this.lostAnEnd ||= this.state === 'hold'));
    socket.on('close', () => {
      // Of a stalled one both ways are closed only when it broke: who went in peace still has its bytes here.
      this.lostAnEnd = true;
      if (this.state === 'pass') this.cut();
    });
    return new Direction(socket);
  }

  private reset(): void {
    this.state = 'cut';
    for (const socket of [this.near, this.far]) socket?.resetAndDestroy();
    this.onCut();
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
