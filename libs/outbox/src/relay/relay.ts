import { randomUUID } from 'node:crypto';
import type { MessageBus } from '@app/nats';
import { Logger } from '@nestjs/common';
import { backoffMs } from '@app/nats';
import { announce } from '../diagnostics.js';
import type { EventTypesOptions, RelayOptions } from '../outbox.options.js';
import type { Sql, SqlRunner, Tables } from '../schema/tables.js';
import { CLAIM_LANES, CLAIM_SUSPECT, claimLanes, type ClaimedLane } from '../sql/claim-lanes.js';
import { readRuns } from '../sql/read-runs.js';
import { recoverLanes } from '../sql/recover-lanes.js';
import { settleLanes, type Settlement } from '../sql/settle-lanes.js';
import { oldestOf, publishBatch, settlementOf, withoutGap, type Batch, type BatchResult } from './batch.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { repeatingConflicts } from './repeating-conflicts.js';
import { WakeUp } from './wake-up.js';

/** What a relay works with. */
export interface RelayParts {
  /** A TypeORM `DataSource`: each statement is a transaction of its own. */
  readonly dataSource: SqlRunner;
  readonly tables: Tables;
  readonly bus: MessageBus;
  readonly options: RelayOptions;
  /** Default: every type in order, and a poisoned one blocks its key. */
  readonly types?: EventTypesOptions;
  /** Stands in the leases, for people who look at them; default: a random one. */
  readonly holder?: string;
}

/** Between two looks for lanes whose time comes one after the other, in ms: those in between share one. */
const RECOVER_LEAST_MS = 10;
/** From this many lanes in a claim on, the next one waits for more: see {@link RelayOptions.lingerMs}. */
const LINGER_LANES_MIN = 8;
/** Below every transaction id: a claim from here finds every lane that is ready. */
const FLOOR_BEGIN = '0';

/**
 * Empties the outbox: claim → publish → settle, in a loop. Any number of relays may work on one outbox.
 *
 * | state    | means                                                       | leaves it                                 |
 * |----------|-------------------------------------------------------------|-------------------------------------------|
 * | stopped  | no timer, no query, nothing claimed                         | `start()` → working                       |
 * | working  | batches are claimed, published and settled                  | nothing ready → resting; no broker → paused |
 * | resting  | nothing is ready; waits for a wake-up, or the next poll     | woken → working                           |
 * | paused   | no broker: nothing is claimed, and nobody charged           | connected, or the pause is over → working |
 * | alone    | one suspect message at a time, and nothing else in flight   | no suspect left → working                 |
 * | stopping | nothing is claimed; what is in flight is settled            | nothing in flight → stopped               |
 *
 * A batch is claimed in one statement, read in a later one, and settled in one; no transaction is open while the
 * broker is called. A message is settled when the broker acknowledged it, or when it is given up, and in no other
 * case: *unknown* is repeated under the same event id, and the inbox swallows the repeat.
 */
export class Relay {
  private readonly logger = new Logger('Relay');
  private readonly wakeUp = new WakeUp();
  private readonly sql: Sql;
  private readonly holder: string;
  private readonly breaker: CircuitBreaker;
  private readonly inFlight = new Set<Promise<void>>();
  private working: Promise<void> | undefined;
  private stopping = new AbortController();
  private stopListening = () => {};
  private floor = FLOOR_BEGIN;
  private suspects = false;
  private recoverAt = 0;
  private idlePolls = 0;
  /** Statements in a row that the database failed. */
  private faults = 0;

  constructor(private readonly parts: RelayParts) {
    this.sql = parts.tables.on(repeatingConflicts(parts.dataSource));
    this.holder = parts.holder ?? randomUUID();
    this.breaker = new CircuitBreaker(parts.options.retryFirstMs, parts.options.retryLongestMs);
  }

  /** Starts the loop. A second call changes nothing. */
  start(): void {
    if (this.working) return;
    this.stopping = new AbortController();
    this.recoverAt = 0;
    this.compareWithDuplicateWindow();
    this.stopListening = this.parts.bus.onReady(() => this.retryNow());
    this.working = this.work();
  }

  /**
   * Ends the loop; resolves when what is being published is answered and settled, and the rest of the batches is
   * given back. Safe to call twice.
   */
  async stop(): Promise<void> {
    this.stopping.abort();
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
   * Claims, publishes and settles one batch; the loop without its pace.
   *
   * @returns how many messages were acknowledged, and how many lanes were ended by a failure
   */
  async deliverBatch(): Promise<{ readonly sent: number; readonly failed: number }> {
    const batch = await this.claim(this.options.lanesMax, this.options.runMax);
    if (!batch) return { sent: 0, failed: 0 };
    const { acked, lanes } = await this.deliver(batch);
    return { sent: acked, failed: lanes.filter(({ blame }) => blame !== undefined).length };
  }

  /** Makes ready what is due and what other relays have left; the loop does so every `recoverMs`. */
  async recover(): Promise<void> {
    const { recoverMs, lanesMax } = this.options;
    const recovery = await recoverLanes(this.sql, lanesMax);
    this.suspects = recovery.suspects;
    const full = recovery.promoted === lanesMax;
    const nextMs = full
      ? 0
      : Math.min(recoverMs, Math.max(RECOVER_LEAST_MS, recovery.nextDueMs ?? recoverMs));
    this.recoverAt = performance.now() + nextMs;
    if (recovery.promoted > 0 || recovery.expiredLeases > 0) this.idlePolls = 0;
    if (recovery.expiredLeases === 0) return;
    announce('outbox.relay.recovered', recovery);
    this.logger.warn(`${recovery.expiredLeases} batches of relays that ended are taken over`);
  }

  private get options(): RelayOptions {
    return this.parts.options;
  }

  private get ended(): boolean {
    return this.stopping.signal.aborted;
  }

  private async work(): Promise<void> {
    while (!this.ended) {
      const waitMs = await this.workOnce();
      if (waitMs > 0 && !this.ended) await this.wakeUp.wait(waitMs);
    }
    await Promise.all(this.inFlight);
  }

  /** @returns how long to rest, in ms; 0 when there may be more */
  private async workOnce(): Promise<number> {
    // Without a connection nothing is claimed, so that an outage of the broker costs no message an attempt.
    if (!this.parts.bus.ready) return this.options.pollLongestMs;
    if (this.breaker.pauseMs > 0) return this.breaker.pauseMs;
    // Who finishes a batch wakes the loop.
    if (this.inFlight.size >= this.inFlightMax) return this.options.leaseMs;
    try {
      if (performance.now() >= this.recoverAt) await this.recover();
      const waitMs = await (this.suspects ? this.workAlone() : this.workAside());
      this.faults = 0;
      return waitMs;
    } catch (error) {
      return this.failedByDatabase(error);
    }
  }

  private get inFlightMax(): number {
    return this.breaker.probing || this.suspects ? 1 : this.options.batchesMax;
  }

  /** Claims a batch and publishes it beside the others. */
  private async workAside(): Promise<number> {
    const { lanesMax, runMax, lingerMs } = this.options;
    const claimedAt = performance.now();
    const probing = this.breaker.probing;
    const batch = await this.claim(probing ? 1 : lanesMax, probing ? 1 : runMax);
    if (!batch) return this.restMs();
    if ([...batch.runs.values()].every((run) => run.length === 0)) {
      await this.deliver(batch);
      return this.restMs();
    }
    this.idlePolls = 0;
    const delivering = this.deliver(batch)
      .then(
        () => undefined,
        (error: unknown) => void this.failedByDatabase(error),
      )
      .finally(() => {
        this.inFlight.delete(delivering);
        this.wake();
      });
    this.inFlight.add(delivering);
    const lingers = batch.lanes.length >= LINGER_LANES_MIN && batch.lanes.length < lanesMax;
    if (lingers) await this.linger(claimedAt + lingerMs - performance.now());
    return 0;
  }

  /** Publishes one suspect, with nothing beside it: if this process ends now, it is known by which message. */
  private async workAlone(): Promise<number> {
    if (this.inFlight.size > 0) return this.options.leaseMs;
    const batch = await this.claim(1, 1, CLAIM_SUSPECT);
    if (!batch) this.suspects = false;
    else await this.deliver(batch);
    return 0;
  }

  private async linger(lingerMs: number): Promise<void> {
    if (lingerMs > 0) await new Promise((resolve) => setTimeout(resolve, lingerMs));
  }

  private async claim(lanesMax: number, runMax: number, text = CLAIM_LANES): Promise<Batch | undefined> {
    const leaseToken = randomUUID();
    const { leaseMs } = this.options;
    const leaseEndsAt = performance.now() + leaseMs;
    const { floor, holder } = this;
    const claim = await claimLanes(this.sql, text, { floor, lanesMax, leaseToken, holder, leaseMs, runMax });
    if (text === CLAIM_LANES) this.raiseFloor(claim.floor);
    const { lanes } = claim;
    if (lanes.length === 0) return undefined;
    const batch = { leaseToken, leaseEndsAt, lanes, runs: await this.read(lanes, runMax) };
    announce('outbox.relay.claimed', batch);
    return batch;
  }

  /**
   * Transaction ids never go back, unless another server answers now: a standby that lacks the last transactions, or
   * a backup. Its lanes may be below the floor of the old one.
   */
  private raiseFloor(floor: string): void {
    this.floor = BigInt(floor) < BigInt(this.floor) ? FLOOR_BEGIN : floor;
  }

  private async read(lanes: readonly ClaimedLane[], runMax: number): Promise<Batch['runs']> {
    // After a relay that ended without a word, one message to a lease: then the count of each is exact again.
    const runMaxOf = (lane: ClaimedLane) => (lane.settledSequence < lane.attemptedTo ? 1 : runMax);
    const since = oldestOf(lanes.map(({ pendingSince }) => pendingSince));
    const found = await readRuns(this.sql, lanes, runMaxOf, since);
    const runs = new Map(lanes.map((lane) => [lane.key, withoutGap(lane, found.get(lane.key) ?? [])]));
    const missing = lanes.filter(({ key }) => runs.get(key)?.length === 0);
    if (missing.length === 0) return runs;
    // Its writer has not committed yet; or the database's clock went back, and a later message has an earlier time.
    // Where a number is missing even so, somebody has deleted its message: the lane goes on behind it.
    return new Map([...runs, ...(await readRuns(this.sql, missing, runMaxOf, '-infinity'))]);
  }

  private async deliver(batch: Batch): Promise<BatchResult> {
    const { bus, options, types = {} } = this.parts;
    const result = await publishBatch(batch, { bus, options, types, stop: this.stopping.signal });
    await this.settle(batch, result);
    this.judgeBroker(result);
    const failed = result.lanes.filter(({ lane }) => lane.state === 'retry');
    if (failed.length > 0) {
      this.recoverAt = Math.min(this.recoverAt, performance.now() + options.retryFirstMs);
      const [{ lane }] = failed as [(typeof failed)[number]];
      if (lane.attempts === 1) this.logger.warn(`${failed.length} keys wait: ${lane.lastError}`);
    }
    return result;
  }

  private async settle(batch: Batch, result: BatchResult): Promise<void> {
    const settlement = settlementOf(batch, result);
    announce('outbox.relay.settling', { batch, settlement });
    const held = await this.settleWhileLeased(batch, settlement);
    announce(held ? 'outbox.relay.settled' : 'outbox.relay.fenced', { batch, settlement });
    if (!held) {
      this.logger.warn(
        `${batch.lanes.length} keys were taken over: their lease of ${this.options.leaseMs} ms ran out`,
      );
      return;
    }
    for (const parked of settlement.parked) {
      announce('outbox.relay.parked', { batch, parked });
      this.logger.error(
        `Message ${parked.sequence} of key ${parked.key} is given up (${parked.policy}): ${parked.error}`,
      );
    }
  }

  /** A database that restarts costs no repeat, if it is back before the lease ends. */
  private async settleWhileLeased(batch: Batch, settlement: Settlement): Promise<boolean> {
    for (;;) {
      try {
        return await settleLanes(this.sql, batch.leaseToken, settlement, this.options);
      } catch (error) {
        const pauseMs = this.failedByDatabase(error);
        if (performance.now() + pauseMs > batch.leaseEndsAt || this.ended) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  private judgeBroker({ acked, outage }: BatchResult): void {
    if (acked > 0 && this.breaker.close()) {
      announce('outbox.relay.resumed', {});
      this.logger.log('The broker answers again');
    } else if (outage && this.breaker.open()) {
      announce('outbox.relay.paused', {});
      this.logger.warn(
        'The broker does not answer: nothing is claimed for a while, and no message is charged',
      );
    }
  }

  private retryNow(): void {
    this.breaker.retryNow();
    this.recoverAt = 0;
    this.idlePolls = 0;
    this.wake();
  }

  /** The pause doubles while there is nothing to do. */
  private restMs(): number {
    const { pollFirstMs, pollLongestMs } = this.options;
    const pollMs = Math.min(pollLongestMs, pollFirstMs * 2 ** Math.min(this.idlePolls++, 20));
    return Math.max(1, Math.min(pollMs, this.recoverAt - performance.now()));
  }

  private failedByDatabase(error: unknown): number {
    this.floor = FLOOR_BEGIN;
    if (this.faults === 0) this.logger.error('The outbox cannot be read or settled', error);
    return backoffMs(this.faults++, this.options.retryFirstMs, this.options.retryLongestMs);
  }

  /** A repeat that comes after the broker has forgotten the first copy is stored twice. */
  private compareWithDuplicateWindow(): void {
    const { leaseMs, recoverMs, retryLongestMs } = this.options;
    const spanMs = leaseMs + recoverMs + retryLongestMs;
    const windowMs = this.parts.bus.duplicateWindowMs;
    if (windowMs >= spanMs) return;
    const known = windowMs === 0 ? 'drops no repeats' : `drops repeats for ${windowMs} ms`;
    const line = `The broker ${known}, and one may come ${spanMs} ms after the first: the inbox alone protects then`;
    if (windowMs === 0) this.logger.log(line);
    else this.logger.warn(line);
  }
}
