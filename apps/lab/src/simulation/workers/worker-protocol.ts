import type { Finding } from '../schedule/findings.js';
import type { Plan } from '../schedule/plan.js';
import type { StoryLine } from '../world/trace.js';

/** What a worker is asked, one after the other. */
export interface Task {
  readonly plan: Plan;
  /** Whether the story is wanted too: it takes time. */
  readonly telling: boolean;
}

/** What a schedule came to, as it goes from process to process. */
export interface Report {
  readonly findings: readonly Finding[];
  /** The same for the same history. */
  readonly hash: string;
  /** How often chance has decided. */
  readonly choices: number;
  /** Which faults of the plan have struck, by their places in it. */
  readonly struck: readonly number[];
  /** Virtual time. */
  readonly elapsedMs: number;
  /** Empty if nobody wanted it. */
  readonly story: readonly StoryLine[];
  /** The marks of mutants whose text has run in this worker so far. */
  readonly ran: readonly string[];
}

/** What a worker says: first that it is ready, and then an answer to each task. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly accountIds: readonly string[] }
  | { readonly kind: 'report'; readonly report: Report }
  /** The schedule could not be run to its end. */
  | { readonly kind: 'broken off'; readonly reason: string };
