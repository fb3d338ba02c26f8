import type { CellStage } from './cell-stage.js';
import type { Strategy } from './strategies.js';

/** What strikes: a step of a program at which its process dies or sleeps, a cable, or a server. */
export type PointKind = 'program' | 'cable' | 'server';

/** A fault that is ready: it strikes when the transfer gets there. */
export interface Fault {
  readonly hasStruck: () => boolean | Promise<boolean>;
}

/** What a point can let its cell do between the strike and the mending. */
export interface Hands {
  /** Sends one more transfer from the same account and waits until its money has moved. */
  readonly postAnother: () => Promise<void>;
}

/** A place where something can break on a transfer's way: one row of the matrix. */
export interface Point {
  readonly name: string;
  readonly kind: PointKind;
  /** What happens, as the head of a row. */
  readonly title: string;
  /** Why a transfer cannot get there with this strategy; undefined where it can. Default: it always can. */
  readonly unreachable?: (strategy: Strategy) => string | undefined;
  /**
   * How the client is left in doubt for certain, where the process that answers ends beside its answer or its request,
   * and chance would decide: its answers are lost until the strike, or its first request is cut off before it arrives.
   */
  readonly doubt?: 'answers-lost' | 'first-request-cut';
  /** Gets the fault ready, before the transfer is sent. */
  readonly prepare: (stage: CellStage) => Promise<Fault>;
  /** What happens between the strike and the mending of all that is broken; by default nothing. */
  readonly during?: (stage: CellStage, hands: Hands) => Promise<void>;
}

/** Why the relay's steps are not reached without an outbox. */
export function withoutRelay({ delivery }: Strategy): string | undefined {
  return delivery === 'outbox' ? undefined : 'there is no outbox, and so no relay';
}
