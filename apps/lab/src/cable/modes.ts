import type { StrandTreatment } from './strand.js';

/**
 * What a cable does:
 * - `mended`: everything passes.
 * - `refuse`: the port is closed, as when the host is up and nobody listens; what was connected is cut.
 * - `accept-and-close`: connections are accepted and closed at once, as by a load balancer without a backend.
 * - `freeze`: nothing passes in either direction and nothing is cut, as when a switch drops every packet. What an end
 *   sent that went meanwhile is dropped at the mend.
 * - `stall`: the same, but everything sent meanwhile arrives at the mend, also from an end that went: the peer's process
 *   is stopped (SIGSTOP), and its operating system keeps what comes.
 * - `slow`: everything passes, `delayMs` later.
 * - `reset`: what was connected is cut with a TCP reset, as by a firewall that forgot it; new connections pass.
 * - `lose-requests`: what the dialling end sends is thrown away, its goodbye included, and what the other says passes.
 *   Connections that lost something are reset at the mend: TCP never goes on behind a hole.
 * - `lose-answers`: the reverse.
 * - `half-open`: of what was connected the far end is closed and the near one is not told; what it says is thrown away,
 *   until it is reset at the mend. New connections pass.
 * - `flapping`: `refuse` for `refusedMs` and `mended` for `mendedMs`, in turns.
 */
export type CableMode = keyof typeof TREATMENTS | 'flapping';

/** What of a mode can be chosen. */
export interface ModeOptions {
  /** Of `slow`; default {@link SLOW_MS}. */
  readonly delayMs?: number;
  /** Of `flapping`; default {@link FLAP_MS} each. */
  readonly refusedMs?: number;
  readonly mendedMs?: number;
}

/** Of a `slow` cable, in ms: some hundred times the way to a broker next door. */
export const SLOW_MS = 100;

/** Of a `flapping` cable, in ms: long enough for a client to connect and to have begun something. */
export const FLAP_MS = 300;

/** One row per mode: a new mode is a new row, and where it needs one a new treatment in `Strand`. */
interface Treatment {
  readonly portOpen: boolean;
  /** What becomes of the connections there are. */
  readonly strands: StrandTreatment;
  /** What becomes of a connection that arrives. */
  readonly arrivals: StrandTreatment;
  readonly isSlow?: true;
}

export const TREATMENTS = {
  mended: { portOpen: true, strands: 'pass', arrivals: 'pass' },
  refuse: { portOpen: false, strands: 'cut', arrivals: 'cut' },
  'accept-and-close': { portOpen: true, strands: 'cut', arrivals: 'cut' },
  freeze: { portOpen: true, strands: 'hold', arrivals: 'hold' },
  stall: { portOpen: true, strands: 'stall', arrivals: 'stall' },
  slow: { portOpen: true, strands: 'pass', arrivals: 'pass', isSlow: true },
  reset: { portOpen: true, strands: 'reset', arrivals: 'pass' },
  'lose-requests': { portOpen: true, strands: 'lose-requests', arrivals: 'lose-requests' },
  'lose-answers': { portOpen: true, strands: 'lose-answers', arrivals: 'lose-answers' },
  'half-open': { portOpen: true, strands: 'half-open', arrivals: 'pass' },
} satisfies Record<string, Treatment>;

/** The row of a mode that is not in turns. */
export function treatmentOf(mode: keyof typeof TREATMENTS): Treatment {
  return TREATMENTS[mode];
}
