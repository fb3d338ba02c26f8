import { messageOf } from '../../lab.errors.js';
import { Chances } from './chances.js';
import { EventQueue, type Timed } from './event-queue.js';
import { runAs, type SimulatedProcess } from './simulated-process.js';
import { Trace } from './trace.js';

// Taken before they are replaced: the world itself runs on the real one.
const { setImmediate: breathe } = globalThis;
/** After so many events the real event loop has a turn: for signals, and for rejections that nobody handles. */
const BREATH_EVENTS = 1_000;

const MICROS_PER_MS = 1_000;

interface WorldEvent extends Timed {
  readonly owner: SimulatedProcess | undefined;
  readonly label: string;
  readonly happen: () => void;
  cancelled: boolean;
}

/** What has been asked for and may still be taken back. */
export interface Pending {
  cancel(): void;
}

/** How long the ways are. */
export interface Weather {
  /** How long a message usually is on its way, in microseconds, at least and at most. */
  readonly wayMicros: readonly [least: number, most: number];
  /** In so many of a hundred it takes far longer, in microseconds at most. */
  readonly slowPercent: number;
  readonly slowMicros: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly weather: Weather;
  /** From this many choices on, every way takes the same time; default: never. */
  readonly choicesMax?: number | undefined;
}

/** When every schedule begins, in microseconds since 1970. */
const EPOCH_MICROS = Date.UTC(2026, 5, 1, 12) * MICROS_PER_MS;
const WAY_MICROS = 1_000;
/** What random numbers are for; each use has a stream of its own. */
const STREAMS = { ways: 0, programs: 1 } as const;

/**
 * Time, and everything that happens in it. Whatever takes time asks the world for it and is told when its time has
 * come, one thing after the other, each to its end: so a seed decides on everything, and gives the same again.
 */
export class World {
  /** For what programs draw by themselves: ids, jitter. */
  readonly programChances: Chances;
  readonly trace: Trace;
  private readonly ways: Chances;
  private readonly queue = new EventQueue<WorldEvent>();
  /** What programs have written in this turn and not flushed yet. */
  private written: { readonly owner: SimulatedProcess; readonly flush: () => void }[] = [];
  private readonly weather: Weather;
  private readonly choicesMax: number;
  private micros = EPOCH_MICROS;
  private asked = 0;
  private choicesMade = 0;

  constructor({ seed, weather, choicesMax = Infinity }: WorldOptions) {
    this.ways = new Chances(seed, STREAMS.ways);
    this.programChances = new Chances(seed, STREAMS.programs);
    this.weather = weather;
    this.choicesMax = choicesMax;
    this.trace = new Trace(() => this.elapsedMs);
  }

  /** Since 1970. */
  get nowMicros(): number {
    return this.micros;
  }

  /** Since the beginning of the schedule. */
  get elapsedMs(): number {
    return (this.micros - EPOCH_MICROS) / MICROS_PER_MS;
  }

  /** How often chance has decided so far. */
  get choices(): number {
    return this.choicesMade;
  }

  /** Lets something happen in so many microseconds, unless its owner is dead by then. */
  after(micros: number, label: string, happen: () => void, owner?: SimulatedProcess): Pending {
    const event: WorldEvent = {
      atMicros: this.micros + Math.max(0, Math.round(micros)),
      number: this.asked++,
      owner,
      label,
      happen,
      cancelled: false,
    };
    this.queue.add(event);
    return { cancel: () => void (event.cancelled = true) };
  }

  /** The same after a way of random length. */
  afterWay(label: string, happen: () => void, owner?: SimulatedProcess): Pending {
    return this.after(this.wayMicros(), label, happen, owner);
  }

  /**
   * Lets something leave its owner when this turn of its event loop is over: a process that ends in the same turn has
   * sent nothing, and one that is frozen in it sends when it is thawed.
   */
  afterTurn(owner: SimulatedProcess, flush: () => void): void {
    this.written.push({ owner, flush });
  }

  /** How long the next way takes. */
  wayMicros(): number {
    if (this.choicesMade >= this.choicesMax) return WAY_MICROS;
    this.choicesMade++;
    const {
      wayMicros: [least, most],
      slowPercent,
      slowMicros,
    } = this.weather;
    return this.ways.percent(slowPercent) ? this.ways.below(slowMicros) : this.ways.between(least, most);
  }

  /**
   * Lets things happen until something holds.
   *
   * @returns false if it did not by then
   * @throws whatever something that happened threw
   */
  runUntil(holds: () => boolean, limitMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          if (holds()) resolve(true);
          else if (this.elapsedMs > limitMs || !this.happenNext()) resolve(false);
          else if (this.trace.length % BREATH_EVENTS === 0) breathe(step);
          // Ticks are taken when no promise has anything left to do: each event is followed by all that it leads to.
          else queueMicrotask(() => process.nextTick(step));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(messageOf(error), { cause: error }));
        }
      };
      breathe(step);
    });
  }

  private flush(): void {
    const { written } = this;
    if (written.length === 0) return;
    this.written = [];
    for (const { owner, flush } of written) {
      if (owner.state === 'alive') runAs(owner, flush);
      else if (owner.state === 'frozen') owner.held.push(() => this.afterTurn(owner, flush));
    }
  }

  private happenNext(): boolean {
    this.flush();
    for (let event = this.queue.take(); event; event = this.queue.take()) {
      if (event.cancelled || event.owner?.dead) continue;
      this.micros = Math.max(this.micros, event.atMicros);
      if (event.owner?.state === 'frozen') {
        const { owner, label, happen } = event;
        owner.held.push(() => void this.after(0, label, happen, owner));
        continue;
      }
      this.trace.happened(event.label, this.micros - EPOCH_MICROS);
      runAs(event.owner, event.happen);
      return true;
    }
    return false;
  }
}
