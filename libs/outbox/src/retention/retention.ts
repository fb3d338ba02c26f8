import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from '@app/nats';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { announce } from '../diagnostics.js';
import type { Sql, Tables } from '../schema/tables.js';
import { daysAhead, type Day } from './days.js';
import { dropPartition } from './drop-partition.js';
import { PARTITIONED, partitionName, type PartitionedTable } from './partitioned-table.js';
import { makePartitions, wantedDays } from './partitions.js';
import { AHEAD_DAYS_ALARM, type RetentionOptions } from './retention.options.js';
import { forgetRedeliveries } from './sql/forget-redeliveries.js';
import { limitLockWait, tryLockRetention } from './sql/lock-retention.js';
import { readPartitions, type Partitions } from './sql/read-partitions.js';

/** The first pause after a round that could not do everything, in ms; it doubles up to `everyMs`. */
const SOON_MS = 1_000;

/** What one round did, by the names of partitions. */
export interface RetentionRound {
  readonly made: readonly string[];
  readonly dropped: readonly string[];
  /** To be dropped, and in use: tried again soon. */
  readonly postponed: readonly string[];
  /** Old enough to be dropped, but a message may be in it that is still to be sent. */
  readonly held: readonly string[];
  /** Another instance was at work on what this one wanted to do. */
  readonly elsewhere: boolean;
}

/** For gauges and health: what the last round found. */
export interface RetentionHealth {
  /** False when either table has less than {@link AHEAD_DAYS_ALARM} days left. True before the first round. */
  readonly healthy: boolean;
  /** Days after today that can be written to, -1 when today can't; absent before the first round. */
  readonly daysAhead?: Readonly<Record<PartitionedTable, number>>;
}

/**
 * Makes the partitions of the days to come, and drops those of the days gone by. Every instance runs one; an
 * advisory lock leaves each piece of work to one of them, and the others find it done.
 *
 * | state   | means                                         | leaves it                                      |
 * |---------|-----------------------------------------------|------------------------------------------------|
 * | stopped | no timer, no query                            | `start()` → round                              |
 * | round   | reads what there is, makes, drops             | done → resting; something is in use → soon     |
 * | resting | waits `everyMs`                               | over → round; `stop()` → stopped               |
 * | soon    | waits a second, then twice as long each time  | over → round; `stop()` → stopped               |
 *
 * It removes what was settled, and nothing else: a partition of the outbox stays as long as any message is pending
 * that may be in it, however old it is. Parked messages are copies, and hold nothing back.
 */
export class Retention {
  private readonly logger = new Logger('Retention');
  private readonly sql: Sql;
  private working: Promise<void> | undefined;
  private stopping = new AbortController();
  private ahead: Readonly<Record<PartitionedTable, number>> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
    private readonly options: RetentionOptions,
  ) {
    this.sql = tables.on(dataSource);
  }

  /** Runs a round at once, and from then on each `everyMs`. A second call changes nothing. */
  start(): void {
    if (this.working) return;
    this.stopping = new AbortController();
    this.working = this.work(this.stopping.signal);
  }

  /** Ends it; resolves when a running round has ended. Safe to call twice. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.working;
    this.working = undefined;
  }

  health(): RetentionHealth {
    if (!this.ahead) return { healthy: true };
    const healthy = Object.values(this.ahead).every((days) => days >= AHEAD_DAYS_ALARM);
    return { healthy, daysAhead: this.ahead };
  }

  /** One round: two statements when there is nothing to do, by whatever instance. */
  async runOnce(): Promise<RetentionRound> {
    const before = await readPartitions(this.sql);
    const made = wantedDays(before, this.options).length > 0 ? await this.make(before) : [];
    // Another instance may be making them just now: the next round, which is soon, sees what came of it.
    if (!made) return { made: [], dropped: [], postponed: [], held: [], elsewhere: true };
    const partitions = made.length > 0 ? await readPartitions(this.sql) : before;
    this.watch(partitions);
    const round = { made, ...(await this.drop(partitions)), elsewhere: false };
    await forgetRedeliveries(this.sql, this.options.inboxKeepDays);
    for (const step of ['made', 'dropped', 'postponed'] as const) {
      if (round[step].length > 0) announce(`retention.${step}`, { partitions: round[step] });
    }
    return round;
  }

  private async work(signal: AbortSignal): Promise<void> {
    let unfinished = 0;
    while (!signal.aborted) {
      unfinished = (await this.tryRound()) ? 0 : unfinished + 1;
      const { everyMs } = this.options;
      const restMs = unfinished === 0 ? everyMs : backoffMs(unfinished - 1, SOON_MS, everyMs);
      await pause(restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns whether nothing is left to be done soon */
  private async tryRound(): Promise<boolean> {
    try {
      const { postponed, elsewhere } = await this.runOnce();
      return postponed.length === 0 && !elsewhere;
    } catch (error) {
      this.logger.error(error);
      return false;
    }
  }

  /** @returns what it made, or nothing while another instance is at it */
  private async make(before: Partitions): Promise<string[] | undefined> {
    try {
      return await this.dataSource.transaction('READ COMMITTED', async (manager) => {
        const sql = this.tables.on(manager);
        if (!(await tryLockRetention(sql))) return undefined;
        await limitLockWait(sql, this.options.lockTimeoutMs);
        return makePartitions(sql, this.options);
      });
    } catch (error) {
      this.watch(before);
      throw error;
    }
  }

  /** The oldest first; once one is in use the younger ones of its table wait for the next round. */
  private async drop(
    partitions: Partitions,
  ): Promise<Pick<RetentionRound, 'dropped' | 'postponed' | 'held'>> {
    const round = { dropped: [] as string[], postponed: [] as string[], held: [] as string[] };
    const { lockTimeoutMs } = this.options;
    for (const table of PARTITIONED) {
      for (const day of this.expiredDays(partitions, table)) {
        const name = partitionName(table, day);
        const outcome = await dropPartition(this.dataSource, this.tables, { table, day, lockTimeoutMs });
        if (outcome === 'dropped') round.dropped.push(name);
        else if (outcome === 'held') round.held.push(name);
        else {
          round.postponed.push(name);
          break;
        }
      }
    }
    return round;
  }

  private expiredDays({ today, days }: Partitions, table: PartitionedTable): Day[] {
    const { outboxKeepDays, inboxKeepDays } = this.options;
    const keepDays = table === 'outbox_message' ? outboxKeepDays : inboxKeepDays;
    return [...days[table]].filter((day) => day < today - keepDays).sort((a, b) => a - b);
  }

  /** Notes how many days are left, and raises the alarm. */
  private watch({ today, days }: Partitions): void {
    this.ahead = {
      outbox_message: daysAhead(days.outbox_message, today),
      inbox_message: daysAhead(days.inbox_message, today),
    };
    for (const table of PARTITIONED) {
      if (this.ahead[table] >= AHEAD_DAYS_ALARM) continue;
      this.logger.error(
        `${table} has partitions for ${this.ahead[table]} day(s) after today, expected ${AHEAD_DAYS_ALARM} or more: ` +
          'without one for today nothing can be written; look for what keeps them from being made',
      );
    }
  }
}
