import type { UnitOfWork } from '@app/outbox';
import { CommitUnknownError } from '@app/outbox';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from '../parts/random.js';
import { historyEvents, type HistoryEvents } from './history-events.js';
import { INSERT_EVENTS, INSERT_TRANSACTION } from './history-tables.js';

const WRITERS = 4;
const KEYS = 10;
const EVENTS_MAX = 4;
/** A commit takes up to so long: others of its keys wait behind it, and those of other keys overtake it. */
const COMMIT_DELAY_MS_MAX = 60;
const REST_MS_MAX = 250;
/** Some may not leave before a time that is so near. */
const NOT_BEFORE_MS_MAX = 150;
/** While the database is away. */
const RETRY_MS = 50;

type Random = (below: number) => number;

/** A caller changed its mind. */
class ChangeOfMind extends Error {}

/** Write a random history of transactions that overlap and share their keys, until they are stopped. */
export class Writers {
  /** How the transactions ended. */
  readonly ends = { committed: 0, rolledBack: 0, failed: 0, unknown: 0 };
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>[];

  constructor(
    private readonly unitOfWork: UnitOfWork<HistoryEvents>,
    seed: number,
  ) {
    this.running = Array.from({ length: WRITERS }, (_, index) => this.write(randomFrom(seed + index)));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  private async write(random: Random): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const end = await this.transaction(random);
      this.ends[end] += 1;
      const restMs = end === 'committed' ? random(REST_MS_MAX) : RETRY_MS;
      await delay(restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What is really committed stands in the database; this only counts what the caller was told. */
  private async transaction(random: Random): Promise<keyof Writers['ends']> {
    const plan = planOf(random);
    try {
      await this.unitOfWork.run(async ({ manager, emit }) => {
        const id = randomUUID();
        await manager.query(INSERT_TRANSACTION, [id, plan.commitDelayMs]);
        await manager.query(INSERT_EVENTS, [
          id,
          plan.events.map(({ event }) => event.id),
          plan.events.map(({ event }) => event.partitionkey),
          plan.events.map(({ event }) => event.type === 'history.ordered'),
        ]);
        for (const { event, options } of plan.events) emit(event, options);
        if (plan.isGivenUp) throw new ChangeOfMind();
      });
      return 'committed';
    } catch (error) {
      if (error instanceof ChangeOfMind) return 'rolledBack';
      return error instanceof CommitUnknownError ? 'unknown' : 'failed';
    }
  }
}

function planOf(random: Random) {
  const events = Array.from({ length: 1 + random(EVENTS_MAX) }, () => {
    // The lower of two, so that some keys are busier than others.
    const key = `key-${Math.min(random(KEYS), random(KEYS))}`;
    const type = random(6) === 0 ? 'history.unordered' : 'history.ordered';
    const isLater = random(12) === 0;
    const options = isLater ? { notBefore: new Date(Date.now() + random(NOT_BEFORE_MS_MAX)) } : {};
    return { event: historyEvents.create(type, { key }), options };
  });
  return { events, commitDelayMs: random(COMMIT_DELAY_MS_MAX), isGivenUp: random(10) === 0 };
}
