import { backoffMs } from '@app/nats';

/**
 * Keeps a relay from working through its backlog while the broker is away.
 *
 * | state  | means                                               | leaves it                                   |
 * |--------|-----------------------------------------------------|---------------------------------------------|
 * | closed | all is well                                         | a batch with an outage and no ack → open    |
 * | open   | nothing is claimed                                  | the pause is over, or `rest()` ends → probe |
 * | probe  | one message is claimed, to see                      | acknowledged → closed; outage → open        |
 */
export class CircuitBreaker {
  private failures = 0;
  private opensAt = 0;

  constructor(
    private readonly firstMs: number,
    private readonly longestMs: number,
  ) {}

  /** Whether the next claim is to be one message only. */
  get probing(): boolean {
    return this.failures > 0;
  }

  /** Until a claim may be made, in ms; 0: now. */
  get pauseMs(): number {
    return Math.max(0, this.opensAt - performance.now());
  }

  /** The broker answered. @returns whether it had been away */
  close(): boolean {
    const wasOpen = this.probing;
    this.failures = 0;
    this.opensAt = 0;
    return wasOpen;
  }

  /** The broker did not answer. @returns whether it did before */
  open(): boolean {
    const isNew = !this.probing;
    this.opensAt = performance.now() + backoffMs(this.failures++, this.firstMs, this.longestMs);
    return isNew;
  }

  /** The connection came back: no need to wait for the rest of the pause. */
  retryNow(): void {
    this.opensAt = 0;
  }
}
