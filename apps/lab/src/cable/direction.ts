import type { Socket } from 'node:net';
import type { Frame, FrameReader } from './frame.js';
import type { CableMessage } from './message.js';
import type { Outcome, Strike } from './strike.js';

/** Enough for any burst here; beyond it the socket is not read, and the sender's own buffers fill. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;

/** What a direction needs of its cable. */
export interface Judge {
  /** The strikes that take the message. */
  strikesAt(message: CableMessage): readonly Strike[];
  freeze(): void;
}

/** What waits to be passed on: a frame, or something to be done when everything before it has been. */
interface Waiting {
  readonly frame?: Frame;
  /** It has been struck before, or cannot be. */
  readonly isJudged?: boolean;
  readonly run?: (to: Socket) => void;
  readonly arrivedAt: number;
}

/**
 * What one end of a connection sends.
 *
 * - `hold`: nothing is passed on; what comes waits. The first state. Left by `passTo` and by `lose`.
 * - `pass`: what waits and what comes goes on in order. Left by `hold` and by `lose`.
 * - `lose`: nothing is passed on; what waits and what comes is thrown away, the end's goodbye included. Left by `hold`
 *   and by `passTo`, which leaves a hole: a connection is not to go on then.
 */
export class Direction {
  private state: 'hold' | 'pass' | 'lose' = 'hold';
  private to: Socket | undefined;
  private delayMs = 0;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private lostBytes = 0;
  /** A strike is deciding on a message: nothing overtakes it. */
  private judging = false;
  private timer: NodeJS.Timeout | undefined;
  private postponed: { readonly frame: Frame; readonly behind: Strike } | undefined;

  /** @param cut cuts the connection: both ends are reset, or only the one that sends here */
  constructor(
    private readonly from: Socket,
    private readonly reader: FrameReader,
    private readonly judge: Judge,
    private readonly cut: (whom: 'both' | 'sender') => void,
  ) {
    from.on('data', (bytes: Buffer) => this.take(bytes));
    from.on('end', () => this.afterAll((to) => to.end()));
  }

  get isPassing(): boolean {
    return this.state === 'pass';
  }

  /** Whether something was thrown away, so that what comes now does not fit what went before. */
  get hasHole(): boolean {
    return this.lostBytes > 0;
  }

  /**
   * Passes on what waits, and what comes.
   * @param delayMs how long each byte stays here before it is passed on
   */
  passTo(to: Socket, delayMs = 0): void {
    if (this.to === undefined) to.on('drain', () => this.advance());
    this.to = to;
    this.state = 'pass';
    this.delayMs = delayMs;
    this.advance();
  }

  hold(): void {
    this.state = 'hold';
    clearTimeout(this.timer);
  }

  lose(): void {
    this.state = 'lose';
    clearTimeout(this.timer);
    this.advance();
  }

  /** Does something when all that has come so far has been passed on; nothing comes any more. */
  afterAll(run: (to: Socket) => void): void {
    this.wait({ frame: { bytes: this.reader.rest() } });
    this.wait({ run });
    this.advance();
  }

  private take(bytes: Buffer): void {
    for (const frame of this.reader.push(bytes)) this.wait({ frame });
    this.advance();
  }

  private wait(waiting: Omit<Waiting, 'arrivedAt'>): void {
    this.waiting.push({ ...waiting, arrivedAt: performance.now() });
    this.waitingBytes += waiting.frame?.bytes.length ?? 0;
  }

  private advance(): void {
    if (this.state === 'lose') this.throwAway();
    while (this.state === 'pass' && !this.judging) {
      const next = this.waiting[0];
      if (next === undefined || !this.isDue(next)) break;
      this.waiting.shift();
      this.waitingBytes -= next.frame?.bytes.length ?? 0;
      this.treat(next, this.to as Socket);
    }
    if (this.waitingBytes > HELD_BYTES_MAX || this.to?.writableNeedDrain) this.from.pause();
    else this.from.resume();
  }

  private throwAway(): void {
    this.lostBytes += this.waitingBytes;
    this.waiting = [];
    this.waitingBytes = 0;
  }

  private isDue({ arrivedAt }: Waiting): boolean {
    const leftMs = arrivedAt + this.delayMs - performance.now();
    if (this.delayMs === 0 || leftMs <= 0) return true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.advance(), Math.ceil(leftMs)).unref();
    return false;
  }

  private treat({ frame, isJudged, run }: Waiting, to: Socket): void {
    if (frame === undefined) {
      this.writePostponed(to);
      run?.(to);
      return;
    }
    const { message } = frame;
    const strikes = isJudged || message === undefined ? [] : this.judge.strikesAt(message);
    if (message !== undefined && strikes.length > 0) void this.decide(strikes, { ...frame, message }, to);
    else this.write(frame, to);
  }

  /** Of several strikes at one message the first that does not let it pass counts. */
  private async decide(
    strikes: readonly Strike[],
    frame: Frame & { message: CableMessage },
    to: Socket,
  ): Promise<void> {
    this.judging = true;
    let decided: { outcome: Outcome; strike: Strike } | undefined;
    for (const strike of strikes) {
      const outcome = await strike.decide(frame.message);
      if (outcome !== 'pass') decided ??= { outcome, strike };
    }
    this.judging = false;
    const done = () => strikes.forEach((strike) => strike.done(frame.message));
    if (decided?.outcome === 'cut-before' || decided?.outcome === 'cut-after') {
      this.cutAt(frame, decided.outcome, to, done);
      return;
    }
    this.waiting.unshift(...this.carryOut(frame, decided));
    this.waitingBytes = this.waiting.reduce((sum, each) => sum + (each.frame?.bytes.length ?? 0), 0);
    this.advance();
    done();
  }

  /** What is to be passed on in the place of the message. */
  private carryOut(frame: Frame, decided: { outcome: Outcome; strike: Strike } | undefined): Waiting[] {
    const it = { frame, isJudged: true, arrivedAt: -Infinity };
    if (decided?.outcome === 'drop') return [];
    if (decided?.outcome === 'twice') return [it, it];
    if (decided?.outcome === 'behind-next') {
      this.postponed = { frame, behind: decided.strike };
      return [];
    }
    if (decided?.outcome === 'freeze') this.judge.freeze();
    return [it];
  }

  /** The cut waits until the operating system has what was passed on before. */
  private cutAt(frame: Frame, outcome: 'cut-before' | 'cut-after', to: Socket, done: () => void): void {
    this.hold();
    if (outcome === 'cut-after') this.write(frame, to);
    to.write('', () => {
      this.cut(outcome === 'cut-after' ? 'sender' : 'both');
      done();
    });
  }

  private write({ bytes, message, passed }: Frame, to: Socket): void {
    if (bytes.length > 0) to.write(bytes);
    passed?.();
    if (message !== undefined && this.postponed?.behind.pattern.matches(message)) this.writePostponed(to);
  }

  private writePostponed(to: Socket): void {
    const frame = this.postponed?.frame;
    this.postponed = undefined;
    if (frame !== undefined) this.write(frame, to);
  }
}
