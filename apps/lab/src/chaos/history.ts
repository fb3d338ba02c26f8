import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Told } from '../audit/told.js';
import type { Fault } from './fault.js';

/** A point of what is plotted, read from both databases. Amounts are minor units, as text. */
export interface Reading {
  /** Since the run began, in ms. */
  readonly atMs: number;
  readonly recorded: number;
  /** Recorded, and not yet posted or rejected by `accounts`. */
  readonly backlog: number;
  /** Events that wait in the outboxes. */
  readonly outboxDepth: number;
  /** Transfers that say pending. */
  readonly pending: number;
  /** What the pending ones of the backlog amount to: recorded on one side, and not on the other. */
  readonly moneyDifferenceMinor: string;
  /** What must never be, and was. */
  readonly faults: readonly string[];
}

/** What became of a fault of the plan. Times are since the run began, in ms. */
export interface FaultRecord {
  readonly fault: Fault;
  /** When it was seen to have struck; absent: it did not fire. */
  readonly struckAtMs?: number;
  /** When it was over. */
  readonly overAtMs?: number;
  /** Why it did not fire, or not end. */
  readonly error?: string;
}

/** One line of the history. */
export type HistoryLine =
  | { readonly what: 'run'; readonly seed: number; readonly strategy: string; readonly durationMs: number }
  | { readonly what: 'asked'; readonly key: string; readonly attempt: number; readonly instance: string }
  | ({ readonly what: 'told'; readonly key: string; readonly status: number | null } & Told)
  | { readonly what: 'shown'; readonly key: string; readonly status: 'posted' | 'rejected' }
  | ({ readonly what: 'reading' } & Reading)
  | { readonly what: 'blind'; readonly reason: string }
  | { readonly what: 'struck' | 'over' | 'failed'; readonly fault: number; readonly name: string }
  | { readonly what: 'said'; readonly program: string; readonly line: string }
  | { readonly what: 'healed' | 'settled' | 'not settled' }
  | { readonly what: 'finding'; readonly text: string };

/** What happened, as it happened: a file of JSON lines, each with the time since the beginning in ms. */
export class History {
  private readonly startedAt = performance.now();
  private readonly stream: WriteStream;
  private failure: Error | undefined;

  /** @param file is overwritten */
  constructor(file: string) {
    this.stream = createWriteStream(file);
    this.stream.on('error', (error) => (this.failure = error));
  }

  /** Since the beginning, in ms. */
  get nowMs(): number {
    return Math.round(performance.now() - this.startedAt);
  }

  write(line: HistoryLine): void {
    this.stream.write(`${JSON.stringify({ atMs: this.nowMs, ...line })}\n`);
  }

  /** @throws the error of a write that failed */
  async close(): Promise<void> {
    this.stream.end();
    await finished(this.stream).catch(() => undefined);
    if (this.failure !== undefined) throw this.failure;
  }
}
