/** How outbox and inbox are, as the database tells; see {@link OutboxSampler}. */
export interface OutboxSample {
  /** Messages that wait, blocked and deferred ones included. */
  readonly pendingMessages: number;
  /** More keys wait than were counted: more is pending than the numbers say. */
  readonly capped: boolean;
  /** Nothing that could leave now is older, in ms; 0 when nothing could. */
  readonly oldestPendingAgeMs: number;
  /** Keys with something waiting, by state; a message without order counts as a key of its own. */
  readonly keys: {
    readonly ready: number;
    readonly due: number;
    readonly leased: number;
    readonly blocked: number;
  };
  /** Messages that were given up, by their policy. */
  readonly parkedMessages: { readonly block: number; readonly park: number; readonly skip: number };
  /** Batches that relays hold, here and elsewhere. */
  readonly leases: number;
  readonly deadLetters: number;
  /** Keys of the inbox with a number missing for longer than the sampler was told. */
  readonly openGaps: number;
}
