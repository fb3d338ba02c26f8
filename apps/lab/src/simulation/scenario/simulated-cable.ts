import { FLAP_MS, SLOW_MS, treatmentOf, type CableMode, type ModeOptions } from '../../cable/modes.js';
import { Strike, type Outcome, type StrikeOptions } from '../../cable/strike.js';
import type { CellCable } from '../../matrix/cell-stage.js';
import type { CableKeeper, Connection, Passage } from '../world/passage.js';
import { runAs } from '../world/simulated-process.js';
import type { World } from '../world/world.js';

/** What was on its way when the cable stopped passing. */
interface Held {
  readonly passage: Passage;
  /** Whether a strike has decided on it already. */
  readonly isJudged: boolean;
}

/**
 * A cable of the matrix (`Cable`, `Strand`, `Direction`) on virtual time: the same modes, the same strikes at the same
 * messages, and the same ends. What its modes mean stands above `CableMode`.
 */
export class SimulatedCable implements CellCable, CableKeeper {
  carried = 0;
  private mode: Exclude<CableMode, 'flapping'> = 'mended';
  private delayMs = 0;
  /** Counts the changes of mode: who flaps stops at another one. */
  private changes = 0;
  private readonly strikes: Strike[] = [];
  private readonly connections = new Set<Connection>();
  /** Of these something was thrown away. */
  private readonly holed = new Set<Connection>();
  /** Of these the far end has gone, and the near one was not told. */
  private readonly halfOpen = new Set<Connection>();
  /** Of these one end has gone while nothing passed. */
  private readonly endless = new Set<Connection>();
  private held: Held[] = [];

  /** @param portChanged is told whether somebody listens: who dials a closed port is refused by whoever makes connections */
  constructor(
    private readonly world: World,
    private readonly portChanged: (isOpen: boolean) => void = () => undefined,
  ) {}

  get hasLost(): boolean {
    return this.holed.size > 0;
  }

  strike(options: StrikeOptions): Strike {
    const strike = new Strike(options);
    this.strikes.push(strike);
    return strike;
  }

  set(mode: CableMode, { delayMs = SLOW_MS, refusedMs = FLAP_MS, mendedMs = FLAP_MS }: ModeOptions = {}) {
    const change = ++this.changes;
    if (mode === 'flapping') this.flap(change, [refusedMs, mendedMs]);
    else this.apply(mode, delayMs);
    return Promise.resolve();
  }

  opened(connection: Connection): void {
    this.carried += 1;
    this.connections.add(connection);
    if (treatmentOf(this.mode).arrivals === 'cut') this.cut(connection);
  }

  passes(passage: Passage): void {
    const { connection, way } = passage;
    if (!this.connections.has(connection)) return;
    if (this.halfOpen.has(connection)) {
      if (way === 'there') this.holed.add(connection);
      return;
    }
    switch (treatmentOf(this.mode).strands) {
      case 'hold':
      case 'stall':
        return void this.held.push({ passage, isJudged: false });
      case 'lose-requests':
        return way === 'there' ? void this.holed.add(connection) : this.judge(passage);
      case 'lose-answers':
        return way === 'back' ? void this.holed.add(connection) : this.judge(passage);
      case 'pass':
      case 'half-open':
      case 'cut':
      case 'reset':
        if (this.delayMs === 0) return this.judge(passage);
        return void this.world.after(this.delayMs * 1_000, 'slow cable', () => this.judge(passage));
    }
  }

  /** The far end of a connection has gone: the near one is told, as soon as something passes. */
  farEndGone(connection: Connection): void {
    if (!this.connections.has(connection)) return;
    if (treatmentOf(this.mode).strands === 'pass') this.cut(connection);
    else this.endless.add(connection);
  }

  private apply(mode: Exclude<CableMode, 'flapping'>, delayMs: number): void {
    const wasOpen = treatmentOf(this.mode).portOpen;
    const wasStalled = this.mode === 'stall';
    const { strands, portOpen, isSlow } = treatmentOf(mode);
    this.mode = mode;
    this.delayMs = isSlow ? delayMs : 0;
    if (strands === 'half-open') for (const connection of this.connections) this.halfOpen.add(connection);
    if (strands === 'cut' || strands === 'reset')
      for (const connection of this.connections) this.cut(connection);
    if (portOpen !== wasOpen) this.portChanged(portOpen);
    if (strands === 'pass') this.release(wasStalled);
  }

  /** TCP never goes on behind a hole, and what an end said that has gone is not passed on, unless it was only stalled. */
  private release(wasStalled: boolean): void {
    for (const connection of [...this.holed, ...this.halfOpen, ...this.endless]) this.cut(connection);
    for (const set of [this.holed, this.halfOpen, this.endless]) set.clear();
    for (const { passage, isJudged } of this.held.splice(0)) {
      if (!passage.connection.isOpen && !wasStalled) continue;
      if (isJudged) passage.arrive();
      else this.judge(passage);
    }
  }

  private flap(
    change: number,
    [thisLongMs, thenMs]: readonly [number, number],
    mode = 'refuse' as 'refuse' | 'mended',
  ): void {
    if (change !== this.changes) return;
    this.apply(mode, 0);
    const next = mode === 'refuse' ? 'mended' : 'refuse';
    this.world.after(thisLongMs * 1_000, 'flapping cable', () =>
      this.flap(change, [thenMs, thisLongMs], next),
    );
  }

  private judge(passage: Passage): void {
    const { message } = passage;
    const strikes =
      message === undefined
        ? []
        : this.strikes.filter(
            (strike) => strike.pattern.protocol === message.protocol && strike.takes(message),
          );
    if (strikes.length === 0) passage.arrive();
    else void this.decide(strikes, passage);
  }

  /** Of several strikes at one message the first that does not let it pass counts. */
  private async decide(strikes: readonly Strike[], passage: Passage): Promise<void> {
    const { message } = passage;
    if (message === undefined) return;
    let decided: Outcome = 'pass';
    for (const strike of strikes) {
      // What a strike does is the lab's, whoever's message it is.
      const outcome = await runAs(undefined, () => strike.decide(message));
      if (decided === 'pass') decided = outcome;
    }
    this.carryOut(decided, passage);
    for (const strike of strikes) strike.done(message);
  }

  private carryOut(outcome: Outcome, passage: Passage): void {
    switch (outcome) {
      case 'drop':
        return;
      case 'cut-before':
        return this.cut(passage.connection);
      case 'freeze':
        this.held.push({ passage, isJudged: true });
        return void this.set('freeze');
      case 'twice':
        passage.arrive();
        return passage.arrive();
      case 'pass':
        return passage.arrive();
      case 'behind-next':
      case 'cut-after':
        throw new Error(`no point of the matrix has ${outcome}, and neither has a simulated cable`);
    }
  }

  private cut(connection: Connection): void {
    this.connections.delete(connection);
    connection.drop();
  }
}
