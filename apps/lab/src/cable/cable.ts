import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../parts/free-port.js';
import { rawWiring, type Wiring } from './frame.js';
import type { CableMessage, Protocol } from './message.js';
import { FLAP_MS, SLOW_MS, treatmentOf, type CableMode, type ModeOptions } from './modes.js';
import { natsWiring } from './nats/nats-wiring.js';
import { postgresWiring } from './postgres/postgres-wiring.js';
import { Strand } from './strand.js';
import { Strike, type StrikeOptions } from './strike.js';

export type { CableMode, ModeOptions } from './modes.js';

/** Where a cable ends. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What a cable is made with. */
export interface CableOptions {
  /** What is spoken through it, for strikes at messages; default: it does not look. */
  readonly protocol?: Protocol;
}

/** While the port was closed somebody else may have taken it for a moment. */
const LISTEN_TRIES_MAX = 100;
const LISTEN_RETRY_MS = 50;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'nats:': 4222, 'postgres:': 5432 };

/** Lays a cable to a broker or a database. */
export function layCable(part: { readonly url: string }, options: CableOptions = {}): Promise<Cable> {
  const { hostname, port, protocol } = new URL(part.url);
  return Cable.to({ host: hostname, port: Number(port) || (DEFAULT_PORTS[protocol] ?? 0) }, options);
}

/**
 * A TCP path to `target` that can be broken in several ways and mended; its own address never changes. One that knows
 * its protocol can also be struck at a named message.
 */
export class Cable {
  private mode: Exclude<CableMode, 'flapping'> = 'mended';
  private delayMs = 0;
  private flapping = new AbortController();
  private server: Server | undefined;
  private portChange: Promise<void> = Promise.resolve();
  private readonly strands = new Set<Strand>();
  private readonly strikes: Strike[] = [];
  private readonly wiring: Wiring;
  private carriedTotal = 0;
  private endedWithHole = false;

  private constructor(
    private readonly target: Endpoint,
    readonly port: number,
    private readonly protocol: Protocol | undefined,
  ) {
    this.wiring = wiringOf(protocol);
  }

  /** Lays a cable to `target`, mended, on a free port of 127.0.0.1. */
  static async to(target: Endpoint, { protocol }: CableOptions = {}): Promise<Cable> {
    const cable = new Cable(target, await freePort(), protocol);
    await cable.openPort();
    return cable;
  }

  /** How many connections it holds now of which neither end has gone. */
  get connections(): number {
    return [...this.strands].filter((strand) => strand.isWhole).length;
  }

  /** Whether something was thrown away since its mode was set, of connections that have ended too. */
  get hasLost(): boolean {
    return this.endedWithHole || [...this.strands].some((strand) => strand.hasHole);
  }

  /** How many connections it has carried so far. */
  get carried(): number {
    return this.carriedTotal;
  }

  /** Changes what the cable does; what is connected is changed at once, and the port when it resolves. */
  async set(mode: CableMode, options: ModeOptions = {}): Promise<void> {
    this.flapping.abort();
    if (mode !== 'flapping') return this.apply(mode, options);
    this.flapping = new AbortController();
    void this.flap(options, this.flapping.signal);
    return this.portChange;
  }

  /**
   * Arms a strike at a message. Of several that take the same message the first counts that does not let it pass.
   * @throws TypeError when the cable does not speak the pattern's protocol
   */
  strike(options: StrikeOptions): Strike {
    if (options.at.protocol !== this.protocol) {
      const what = this.protocol ?? 'no protocol';
      throw new TypeError(`${options.at.name} cannot be seen by a cable that knows ${what}`);
    }
    const strike = new Strike(options);
    this.strikes.push(strike);
    return strike;
  }

  /** Cuts what is connected, closes the port for good and cancels what has not struck. Safe to call twice. */
  async close(): Promise<void> {
    for (const strike of this.strikes) strike.cancel();
    await this.set('refuse');
  }

  private apply(mode: Exclude<CableMode, 'flapping'>, { delayMs = SLOW_MS }: ModeOptions): Promise<void> {
    const { strands, isSlow } = treatmentOf(mode);
    this.mode = mode;
    this.delayMs = isSlow ? delayMs : 0;
    for (const strand of this.strands) strand.treat(strands, this.delayMs);
    this.endedWithHole = false;
    this.portChange = this.portChange.catch(() => undefined).then(() => this.settlePort());
    return this.portChange;
  }

  private async flap(options: ModeOptions, stop: AbortSignal): Promise<void> {
    const { refusedMs = FLAP_MS, mendedMs = FLAP_MS } = options;
    try {
      for (;;) {
        await Promise.all([this.apply('refuse', {}), delay(refusedMs, undefined, { signal: stop })]);
        await Promise.all([this.apply('mended', {}), delay(mendedMs, undefined, { signal: stop })]);
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  }

  /** To what the mode wants by now: others may have been set meanwhile. */
  private async settlePort(): Promise<void> {
    if (!treatmentOf(this.mode).portOpen) await this.closePort();
    else if (this.server === undefined) await this.openPort();
  }

  private async openPort(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const server = createServer({ allowHalfOpen: true }, (near) => this.carry(near));
      try {
        server.listen(this.port, '127.0.0.1');
        await once(server, 'listening');
        this.server = server;
        return;
      } catch (error) {
        if (tries === LISTEN_TRIES_MAX) throw error;
        await delay(LISTEN_RETRY_MS);
      }
    }
  }

  private async closePort(): Promise<void> {
    const server = this.server;
    if (server === undefined) return;
    this.server = undefined;
    server.close();
    await once(server, 'close');
  }

  private carry(near: Socket): void {
    this.carriedTotal += 1;
    const strand = new Strand(near, {
      dial: () => connect({ ...this.target, allowHalfOpen: true }),
      wire: this.wiring(),
      judge: { strikesAt: (message) => this.strikesAt(message), freeze: () => void this.set('freeze') },
      onCut: () => {
        this.strands.delete(strand);
        this.endedWithHole ||= strand.hasHole;
      },
    });
    this.strands.add(strand);
    strand.treat(treatmentOf(this.mode).arrivals, this.delayMs);
  }

  private strikesAt(message: CableMessage): readonly Strike[] {
    return this.strikes.filter((strike) => strike.takes(message));
  }
}

function wiringOf(protocol: Protocol | undefined): Wiring {
  if (protocol === 'nats') return natsWiring();
  return protocol === 'postgres' ? postgresWiring : rawWiring;
}
