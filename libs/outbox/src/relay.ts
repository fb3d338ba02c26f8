import { randomUUID } from 'node:crypto';
import { backoffMs, withSequence, type MessageBus } from '@app/nats';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { announce } from './diagnostics.js';
import type { RelayOptions } from './outbox.options.js';
import { claimKeys, type ClaimedKey } from './sql/claim-keys.js';
import { readRuns, type PendingMessage } from './sql/read-runs.js';
import { settleRuns, type SettledRun } from './sql/settle-runs.js';
import { WakeUp } from './wake-up.js';

/** What a relay holds between a claim and its settlement. */
interface Batch {
  /** Fences the batch: only who holds the keys under this token may settle them. */
  readonly leaseToken: string;
  /** When the lease ends, by this process's monotonic clock. */
  readonly leaseEndsAt: number;
  readonly keys: readonly ClaimedKey[];
  readonly runs: ReadonlyMap<string, readonly PendingMessage[]>;
}

/**
 * Empties the outbox: claim → publish → settle, in a loop. Any number of relays may work on one outbox.
 *
 * | state    | means                                                  | leaves it                              |
 * |----------|--------------------------------------------------------|----------------------------------------|
 * | stopped  | no timer, no query, nothing claimed                    | `start()` → working                    |
 * | working  | a batch is claimed, published or settled               | empty → resting; stop → stopped        |
 * | resting  | nothing is claimed; waits for a wake-up or `pollMs`    | woken → working; stop → stopped        |
 *
 * A batch is claimed in one short transaction and settled in one statement; no transaction is open while the
 * broker is called. Events of one key are published one after the other, and a failure ends the key's run, so
 * that none overtakes it; keys are published side by side. A message is settled when the broker acknowledged
 * it, and in no other case: *unknown* is repeated under the same event id, and the inbox swallows the repeat.
 */
export class Relay {
  private readonly logger = new Logger('Relay');
  private readonly wakeUp = new WakeUp();
  private working: Promise<void> | undefined;
  private stopping = false;
  /** Batches in a row of which nothing was acknowledged, and in a row that the database failed. */
  private failures = 0;
  private faults = 0;
  private stopListening = () => {};

  constructor(
    private readonly dataSource: DataSource,
    private readonly bus: MessageBus,
    private readonly options: RelayOptions,
  ) {}

  /** Starts the loop. A second call changes nothing. */
  start(): void {
    if (this.working) return;
    this.stopping = false;
    this.stopListening = this.bus.onReady(() => this.wake());
    this.working = this.work();
  }

  /** Ends the loop; resolves when what is being published is answered and settled. Safe to call twice. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.stopListening();
    this.wake();
    await this.working;
    this.working = undefined;
  }

  /** Says that there may be something to publish; called after a commit. */
  wake(): void {
    this.wakeUp.signal();
  }

  /**
   * Claims, publishes and settles one batch.
   *
   * @returns how many messages were acknowledged, and how many keys failed
   */
  async deliverBatch(): Promise<{ readonly sent: number; readonly failed: number }> {
    const batch = await this.claim();
    if (!batch) return { sent: 0, failed: 0 };
    const settled = await Promise.all(batch.keys.map((key) => this.publishRun(batch, key)));
    await this.settle(batch, settled);
    return {
      sent: settled.reduce((sum, run) => sum + run.sentIds.length, 0),
      failed: settled.filter((run) => run.pauseMs > 0).length,
    };
  }

  private async work(): Promise<void> {
    while (!this.stopping) {
      const waitMs = await this.workOnce();
      if (waitMs > 0 && !this.stopping) await this.wakeUp.wait(waitMs);
    }
  }

  /** @returns how long to rest, in ms; 0 when there may be more */
  private async workOnce(): Promise<number> {
    // Without a connection nothing is claimed, so that an outage of the broker costs no message an attempt.
    if (!this.bus.ready) return this.options.pollMs;
    try {
      const { sent, failed } = await this.deliverBatch();
      this.faults = 0;
      // A key that failed rests in the database; it holds up no other, and an empty batch tells nothing.
      if (sent > 0) this.failures = 0;
      else if (failed > 0) return this.pauseMs(this.failures++);
      return sent > 0 ? 0 : this.options.pollMs;
    } catch (error) {
      if (this.faults === 0) this.logger.error('The outbox cannot be read or settled', error);
      return this.pauseMs(this.faults++);
    }
  }

  private async claim(): Promise<Batch | undefined> {
    const leaseToken = randomUUID();
    const leaseEndsAt = performance.now() + this.options.leaseMs;
    const batch = await this.dataSource.transaction(async (manager) => {
      const keys = await claimKeys(manager, leaseToken, this.options);
      if (keys.length === 0) return undefined;
      const runs = await readRuns(manager, keys, this.options.runMax);
      return { leaseToken, leaseEndsAt, keys, runs };
    });
    if (batch) announce('outbox.relay.claimed', batch);
    return batch;
  }

  private async publishRun(batch: Batch, { key, settledSequence }: ClaimedKey): Promise<SettledRun> {
    const sentIds: string[] = [];
    let reached = settledSequence;
    let pauseMs = 0;
    for (const message of batch.runs.get(key) ?? []) {
      // Beyond its lease another relay may hold the key: publishing on would reorder.
      if (this.stopping || performance.now() > batch.leaseEndsAt) break;
      if (!(await this.publish(message))) {
        pauseMs = this.pauseMs(message.attempts - 1);
        break;
      }
      sentIds.push(message.id);
      reached = message.sequence;
    }
    return { key, settledSequence: reached, pauseMs, sentIds };
  }

  private async publish(message: PendingMessage): Promise<boolean> {
    try {
      await this.bus.publish(message.type, withSequence(message.envelope, message.sequence), {
        messageId: message.id,
      });
    } catch (error) {
      announce('outbox.relay.failed', { message, error });
      if (this.failures === 0) this.logger.warn(`${message.type} ${message.id} waits: ${String(error)}`);
      return false;
    }
    announce('outbox.relay.acked', { message });
    return true;
  }

  private async settle(batch: Batch, runs: readonly SettledRun[]): Promise<void> {
    const settled = await settleRuns(this.dataSource.manager, batch.leaseToken, runs);
    announce('outbox.relay.settled', { batch, runs });
    if (settled === runs.length) return;
    announce('outbox.relay.fenced', { batch, runs });
    this.logger.warn(
      `${runs.length - settled} keys were taken over: their lease of ${this.options.leaseMs} ms ran out`,
    );
  }

  private pauseMs(failuresBefore: number): number {
    return backoffMs(failuresBefore, this.options.retryFirstMs, this.options.retryLongestMs);
  }
}
