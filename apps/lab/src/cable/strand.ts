import type { Socket } from 'node:net';
import { Direction, type Judge } from './direction.js';
import type { Wire } from './frame.js';

/** What becomes of a connection. */
export type StrandTreatment =
  'pass' | 'hold' | 'stall' | 'lose-requests' | 'lose-answers' | 'half-open' | 'cut' | 'reset';

/** What a connection needs of its cable. */
export interface StrandOptions {
  /** Makes the other end; not called before the strand passes. */
  readonly dial: () => Socket;
  readonly wire: Wire;
  readonly judge: Judge;
  /** Called once, when the strand is cut, by an end or by the cable. */
  readonly onCut: () => void;
}

/**
 * One connection through a cable.
 *
 * - `hold`: nothing is passed on. What the ends send is still read, up to a limit, because only a socket that is read
 *   tells that its end has gone. Left by `pass` and by `cut`.
 * - `stall`: the same, but what an end sent that went is passed on with the rest. Left like `hold`.
 * - `pass`: bytes go through as they come, or later. If an end went, or bytes were lost, before, the strand is cut
 *   instead. Left by all others.
 * - `lose-requests`, `lose-answers`: what one end sends is thrown away. Left by all others; by `pass` with a reset, if
 *   anything was thrown away: TCP never goes on behind a hole.
 * - `half-open`: the far end is closed, and the near one is not told. Left by `cut`, which `pass` is here.
 * - `cut`: both sockets are destroyed, or reset. Never left.
 */
export class Strand {
  private isStalled = false;
  private isCut = false;
  private lostAnEnd = false;
  private far: Socket | undefined;
  private readonly there: Direction;
  private back: Direction | undefined;

  /** @param near the connection that arrived */
  constructor(
    private readonly near: Socket,
    private readonly options: StrandOptions,
  ) {
    this.there = this.directionFrom(near, 'there');
  }

  /** Whether both its ends are there, as far as the cable can see. */
  get isWhole(): boolean {
    return !this.lostAnEnd;
  }

  /** @param delayMs how much later bytes are passed on */
  treat(treatment: StrandTreatment, delayMs = 0): void {
    if (this.isCut) return;
    this.isStalled = treatment === 'stall';
    if (treatment === 'hold' || treatment === 'stall') this.hold();
    else if (treatment === 'half-open') this.halfClose();
    else if (treatment === 'reset') this.reset();
    else if (treatment === 'cut' || this.lostAnEnd) this.cut();
    else if (treatment === 'pass' && this.hasHole) this.reset();
    else this.pass(treatment, delayMs);
  }

  /** Whether something of it was thrown away. */
  get hasHole(): boolean {
    return this.there.hasHole || this.back?.hasHole === true;
  }

  private pass(treatment: 'pass' | 'lose-requests' | 'lose-answers', delayMs: number): void {
    this.far ??= this.options.dial();
    this.back ??= this.directionFrom(this.far, 'back');
    if (treatment === 'lose-requests') this.there.lose();
    else this.there.passTo(this.far, delayMs);
    if (treatment === 'lose-answers') this.back.lose();
    else this.back.passTo(this.near, delayMs);
  }

  private hold(): void {
    this.there.hold();
    this.back?.hold();
  }

  private halfClose(): void {
    this.lostAnEnd = true;
    this.there.lose();
    this.back?.hold();
    this.far?.destroy();
  }

  private directionFrom(socket: Socket, way: keyof Wire): Direction {
    const { wire, judge } = this.options;
    const direction = new Direction(socket, wire[way], judge, (whom) => {
      if (whom === 'both') this.reset();
      else this.resetOnly(socket);
    });
    socket.setNoDelay(true);
    socket.on('error', () => undefined); // 'close' follows, and says enough
    socket.on('end', () => (this.lostAnEnd ||= !direction.isPassing && !this.isStalled));
    socket.on('close', () => {
      // Of a stalled one both ways are closed only when it broke: who went in peace still has its bytes here.
      this.lostAnEnd = true;
      if (direction.isPassing) direction.afterAll(() => this.cut());
    });
    return direction;
  }

  private reset(): void {
    if (this.isCut) return;
    for (const socket of [this.near, this.far]) socket?.resetAndDestroy();
    this.over();
  }

  /** The other end keeps what was passed to it: a reset might overtake that. */
  private resetOnly(sender: Socket): void {
    if (this.isCut) return;
    for (const socket of [this.near, this.far]) {
      if (socket === sender) socket.resetAndDestroy();
      else socket?.destroySoon();
    }
    this.over();
  }

  /** The socket that is still open is closed when it has written what was passed to it. */
  private cut(): void {
    if (this.isCut) return;
    const inPeace = this.lostAnEnd && (this.there.isPassing || this.back?.isPassing === true);
    for (const socket of [this.near, this.far]) {
      if (inPeace) socket?.destroySoon();
      else socket?.destroy();
    }
    this.over();
  }

  private over(): void {
    this.isCut = true;
    this.hold();
    this.options.onCut();
  }
}
