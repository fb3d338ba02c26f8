import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../parts/free-port.js';
import { Strand, type StrandTreatment } from './strand.js';

/** Where a cable ends. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * What a cable does:
 * - `mended`: everything passes.
 * - `refuse`: the port is closed, as when the host is up and nobody listens; what was connected is cut.
 * - `accept-and-close`: connections are accepted and closed at once, as by a load balancer without a backend.
 * - `freeze`: nothing passes in either direction and nothing is cut, as when a switch drops every packet. What an end
 *   sent that went meanwhile is dropped at the mend.
 * - `stall`: the same, but everything sent meanwhile arrives at the mend, also from an end that went: the peer's process
 *   is stopped (SIGSTOP), and its operating system keeps what comes.
 * - `slow`: everything passes, `SLOW_MS` later.
 * - `reset`: what was connected is cut with a TCP reset, as by a firewall that forgot it; new connections pass.
 */
export type CableMode = 'mended' | 'refuse' | 'accept-and-close' | 'freeze' | 'stall' | 'slow' | 'reset';

/** One row per mode: a new mode is a new row, and where it needs one a new treatment in `Strand`. */
interface Treatment {
  readonly portOpen: boolean;
  /** What becomes of the connections there are. */
  readonly strands: StrandTreatment;
  /** What becomes of a connection that arrives. */
  readonly arrivals: StrandTreatment;
}

const TREATMENTS: Record<CableMode, Treatment> = {
  mended: { portOpen: true, strands: 'pass', arrivals: 'pass' },
  refuse: { portOpen: false, strands: 'cut', arrivals: 'cut' },
  'accept-and-close': { portOpen: true, strands: 'cut', arrivals: 'cut' },
  freeze: { portOpen: true, strands: 'hold', arrivals: 'hold' },
  stall: { portOpen: true, strands: 'stall', arrivals: 'stall' },
  slow: { portOpen: true, strands: 'slow', arrivals: 'slow' },
  reset: { portOpen: true, strands: 'reset', arrivals: 'pass' },
};

/** While the port was closed somebody else may have taken it for a moment. */
const LISTEN_TRIES_MAX = 100;
const LISTEN_RETRY_MS = 50;

const DEFAULT_NATS_PORT = 4222;

/** Lays a cable to a broker. */
export function layCable(broker: { readonly url: string }): Promise<Cable> {
  const { hostname, port } = new URL(broker.url);
  return Cable.to({ host: hostname, port: Number(port) || DEFAULT_NATS_PORT });
}

/** A TCP path to `target` that can be broken in several ways and mended; its own address never changes. */
export class Cable {
  private mode: CableMode = 'mended';
  private server: Server | undefined;
  private readonly strands = new Set<Strand>();
  private carriedTotal = 0;

  private constructor(
    private readonly target: Endpoint,
    readonly port: number,
  ) {}

  /** Lays a cable to `target`, mended, on a free port of 127.0.0.1. */
  static async to(target: Endpoint): Promise<Cable> {
    const cable = new Cable(target, await freePort());
    await cable.openPort();
    return cable;
  }

  /** How many connections it holds now of which neither end has gone. */
  get connections(): number {
    return [...this.strands].filter((strand) => strand.isWhole).length;
  }

  /** How many connections it has carried so far. */
  get carried(): number {
    return this.carriedTotal;
  }

  /** Changes what the cable does; resolves when it does so. */
  async set(mode: CableMode): Promise<void> {
    this.mode = mode;
    const { portOpen, strands } = TREATMENTS[mode];
    for (const strand of this.strands) strand.treat(strands);
    if (!portOpen) await this.closePort();
    else if (this.server === undefined) await this.openPort();
  }

  /** Cuts what is connected and closes the port for good. Safe to call twice. */
  async close(): Promise<void> {
    await this.set('refuse');
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
    const dial = () => connect({ ...this.target, allowHalfOpen: true });
    const strand = new Strand(near, dial, () => this.strands.delete(strand));
    this.strands.add(strand);
    strand.treat(TREATMENTS[this.mode].arrivals);
  }
}
