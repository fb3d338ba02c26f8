import type { StepOrder } from '../agent/agent-protocol.js';
import type { Books } from '../audit/books.js';
import type { CableMode, ModeOptions } from '../cable/cable.js';
import type { Strike, StrikeOptions } from '../cable/strike.js';
import type { ServiceName } from '../parts/bank.js';
import type { CellAccounts, Post } from './client.js';
import type { Strategy } from './strategies.js';

/**
 * Short, so that a cell is short: each means the same at any length. A publish is given up before its lease ends, and a
 * silent peer is noticed before a client gives up on a request.
 */
export const IMPATIENT = {
  NATS_CONNECT_TIMEOUT_MS: '1000',
  NATS_RESUME_TIMEOUT_MS: '1000',
  NATS_PING_INTERVAL_MS: '500',
  NATS_PINGS_OUT_MAX: '2',
  NATS_ACK_TIMEOUT_MS: '1000',
  NATS_ACK_WAIT_MS: '1000',
  NATS_DELIVERIES_MAX: '3',
  OUTBOX_LEASE_MS: '2000',
} as const;
/** How long a broker waits for the acknowledgement of a delivery, in ms. */
export const ACK_WAIT_MS = Number(IMPATIENT.NATS_ACK_WAIT_MS);
/** How long a relay may work on what it has claimed, in ms. */
export const LEASE_MS = Number(IMPATIENT.OUTBOX_LEASE_MS);

/** The cables of a stage, by the two that each one is between. */
export const CABLES = [
  'transactionsBroker',
  'accountsBroker',
  'transactionsDatabase',
  'accountsDatabase',
  'client',
] as const;
export type CableName = (typeof CABLES)[number];

/** What a cell does with a cable. */
export interface CellCable {
  /** How many connections it has taken so far. */
  readonly carried: number;
  /** Whether it has thrown something away that was on a connection which there still is. */
  readonly hasLost: boolean;
  set(mode: CableMode, options?: ModeOptions): Promise<void>;
}

/** What a cell does with a service. */
export interface CellService {
  /** Every end of its process so far. */
  readonly exits: { readonly length: number };
  /** Every order that was carried out so far. */
  readonly steps: { readonly strikes: { readonly length: number } };
  arm(order: StepOrder): Promise<void>;
  /** Lets its stopped process go on. */
  wake(): Promise<void>;
}

/**
 * Where cells can be played, one after the other: on real processes, servers and connections (`MatrixStage`), or on
 * simulated ones. What a point does, and who judges it, knows no more than this.
 */
export interface CellStage {
  readonly strategy: Strategy;
  readonly cables: Readonly<Record<CableName, CellCable>>;
  readonly bank: Readonly<Record<ServiceName, CellService>>;
  readonly broker: {
    kill(): Promise<void>;
    restart(options: { readonly keepStore: boolean }): Promise<void>;
    pause(): void;
    resume(): void;
  };
  /** Both databases at once. */
  readonly postgres: { crash(): Promise<void> };
  readonly wiretap: { readonly traffic: number; readonly isQuiet: boolean; forget(): void };
  /** Carries a client's orders, through its cable. */
  readonly post: Post;

  /** Remembers how things are, for {@link hasEnded}: a cell begins. */
  begin(): void;
  /** Opens the two accounts of a cell. */
  openAccounts(): Promise<CellAccounts>;
  /** Arms a strike for the cell that is being played; whatever has not struck by the next one is taken back. */
  strike(cable: CableName, options: StrikeOptions): Strike;
  /** Both databases and what came out of the broker. */
  readBooks(): Promise<Books>;
  balanceOf(accountId: string): Promise<bigint>;
  /** Publishes a text as it is, past the cables and the services. */
  publish(channel: string, text: string): Promise<void>;
  /** Whether the process of a service has ended since the cell began. */
  hasEnded(service: ServiceName): boolean;
  /** Makes everything whole that a fault may have broken, and waits until both services take requests. */
  mend(): Promise<void>;
  /** Waits until a transfer comes through from the request to its status: only then is all connected again. */
  prove(): Promise<void>;
}
