import { Injectable, Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { openGaps } from '../inbox/sql/read-open-gaps.js';
import { showDeadLetter } from '../inbox/sql/show-dead-letter.js';
import { InvalidListError } from '../outbox.errors.js';
import type { Sql, Tables } from '../schema/tables.js';
import { drop } from './drop.js';
import type { DeadLetterDetails, ListItems, ListPage, ListState, MessageDetails } from './listing.js';
import type { OperationsContext } from './operations-context.js';
import { LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX, parseCursor } from './paging.js';
import { textOf } from './payload-text.js';
import { reconcile, type ReconcileSpan, type Seen } from './reconcile.js';
import { replay, REPLAY_LIMIT_DEFAULT, REPLAY_LIMIT_MAX, type Replayed } from './replay.js';
import { requeue, type RequeueSelection } from './requeue.js';
import { settled } from './settled.js';
import { countDeadLetters } from './sql/count-dead-letters.js';
import { countParked } from './sql/count-parked.js';
import { describePartitions } from './sql/describe-partitions.js';
import type { ReplaySelection } from './sql/find-replayable.js';
import { listBlocked } from './sql/list-blocked.js';
import { listDead } from './sql/list-dead.js';
import { listParked } from './sql/list-parked.js';
import { listPending } from './sql/list-pending.js';
import { readBacklog } from './sql/read-backlog.js';
import { readLeases } from './sql/read-leases.js';
import { showMessage } from './sql/show-message.js';
import type { OutboxStats } from './stats.js';

/** What is to be listed. */
export interface ListOptions<State extends ListState = ListState> {
  readonly state: State;
  /** Only of this key; dead letters have none, and are not listed by it. */
  readonly key?: string;
  /** Only of this event type, or with dead letters of this channel. */
  readonly type?: string;
  /** 1 to 1,000; default 100. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** Lanes, parked rows and dead letters that are counted at most: a look at the numbers stays cheap whatever waits. */
const COUNTED_MAX = 100_000;
/** Leases that are shown: each relay has a handful. */
const LEASES_MAX = 100;
/** A gap that stays this long, in ms, is not one that a redelivery is about to close. */
const GAP_AGE_MS = 60_000;

const LISTS = {
  parked: { statement: listParked, cursor: 'id' },
  blocked: { statement: listBlocked, cursor: 'key' },
  pending: { statement: listPending, cursor: 'key' },
  dead: { statement: listDead, cursor: 'id' },
} as const;

/** What a human does with an outbox and its inbox: look, send again, throw away. */
@Injectable()
export class OutboxOperations {
  private readonly context: OperationsContext;
  private readonly sql: Sql;

  /**
   * @param wake tells the relay of this process that there is something to publish; a relay elsewhere polls
   * @param logger where dropped messages go; default: Nest's, under this class's name
   */
  constructor(
    dataSource: DataSource,
    tables: Tables,
    wake: () => void,
    logger: Pick<Logger, 'warn'> = new Logger('OutboxOperations'),
  ) {
    this.context = { dataSource, tables, wake, logger };
    this.sql = tables.on(dataSource);
  }

  /**
   * Lists parked messages, blocked keys, dead letters, or the first pending message of each key: one page.
   *
   * @throws InvalidListError for a limit, a cursor or a filter that the list does not know
   */
  async list<State extends ListState>(options: ListOptions<State>): Promise<ListPage<ListItems[State]>> {
    const { state, key, type, limit = LIST_LIMIT_DEFAULT, after } = options;
    checkLimit(limit, LIST_LIMIT_MAX);
    if (state === 'dead' && key !== undefined) throw new InvalidListError('key', 'dead letters have no key');
    const { statement, cursor } = LISTS[state];
    const filter = { key, type, limit, after: after === undefined ? undefined : parseCursor(after, cursor) };
    // TypeScript does not narrow a type parameter by a value: each list gives the items of its state.
    return (await statement(this.sql, filter)) as ListPage<ListItems[State]>;
  }

  /** A message or a dead letter, whole, also if it is settled; nothing if there is none of this id, or no longer. */
  async show(id: string): Promise<MessageDetails | DeadLetterDetails | undefined> {
    const message = await showMessage(this.sql, id);
    if (message) return message;
    const letter = await showDeadLetter(this.sql, id);
    if (!letter) return undefined;
    const text = textOf(letter.payload);
    return text === undefined
      ? { state: 'dead', ...letter, payload: letter.payload.toString('base64'), encoding: 'base64' }
      : { state: 'dead', ...letter, payload: text, encoding: 'utf8' };
  }

  /**
   * Sends parked messages and dead letters again. One that blocks its key is the first of it as before, its failures
   * forgiven; one that its key has passed, or a dead letter, goes by itself, as it was.
   *
   * @param selection ids, all of them or none; or what is parked of a key or a type. A key has no dead letters
   * @returns the ids of what waits to be published now
   * @throws MessagesNotParkedError for ids that are not parked, nor dead letters
   * @throws LaneGoneError for messages whose key is not blocked by them any more
   * @throws DeadLetterNotTextError for a dead letter that can only be looked at
   */
  requeue(selection: RequeueSelection): Promise<string[]> {
    return requeue(this.context, selection);
  }

  /**
   * Throws parked messages and dead letters away, all of them or none; a key that one of them blocked goes on. Each is
   * logged whole, and announced as `outbox.ops.dropped`. Consumers see a gap in the numbers of its key.
   *
   * @returns the ids of what was dropped
   * @throws MessagesNotParkedError for ids that are not parked, nor dead letters
   */
  drop(ids: readonly string[], { reason }: { readonly reason: string }): Promise<string[]> {
    return drop(this.context, ids, reason);
  }

  /**
   * Emits settled messages once more, as new events that say what they repeat (`replayof`): the earliest that fit, each
   * key's in their order. Replays are not replayed.
   *
   * @param limit 1 to 100,000; default 1,000
   */
  async replay({
    limit = REPLAY_LIMIT_DEFAULT,
    ...selection
  }: ReplaySelection & { readonly limit?: number }): Promise<Replayed> {
    checkLimit(limit, REPLAY_LIMIT_MAX);
    return replay(this.context, selection, limit);
  }

  /**
   * Compares what is settled with what the other side has, and sends again what is missing, as it was. It is meant for
   * a broker that lost its store after acknowledging. Twice in a row it sends twice, if nothing has arrived between.
   *
   * @returns the ids of the events that were missing
   */
  reconcile(seen: Seen, span: ReconcileSpan = {}): Promise<string[]> {
    return reconcile(this.context, seen, span);
  }

  /** How outbox and inbox are. It counts lanes and never messages, and of nothing more than 100,000. */
  async stats(): Promise<OutboxStats> {
    const { sql } = this;
    const [backlog, leases, parked, deadLetters, partitions, gaps] = await Promise.all([
      readBacklog(sql, COUNTED_MAX),
      readLeases(sql, LEASES_MAX),
      countParked(sql, COUNTED_MAX),
      countDeadLetters(sql, COUNTED_MAX),
      describePartitions(sql),
      openGaps(sql, GAP_AGE_MS),
    ]);
    return { ...backlog, leases, parked, deadLetters, partitions, gaps };
  }

  /**
   * Resolves when the broker has acknowledged all these events, or somebody has put up with not sending them. Looks at
   * once, and then every 10 to 500 ms. For tests, and for a caller who wants to wait.
   *
   * @param ids of events that were emitted; one whose transaction is not committed yet is waited for
   * @throws MessagesParkedError as soon as one of them is given up
   * @throws SettleTimeoutError naming those that still wait, and those that are not there
   */
  settled(ids: readonly string[], { timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    return settled(this.sql, ids, timeoutMs);
  }
}

function checkLimit(limit: number, max: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return;
  throw new InvalidListError('limit', `expected a whole number from 1 to ${max}; got ${limit}`);
}
