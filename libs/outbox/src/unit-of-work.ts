import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import {
  backoffMs,
  type CloudEvent,
  type EventDefinitions,
  type EventOf,
  type EventRegistry,
} from '@app/nats';
import { Logger } from '@nestjs/common';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { DeliveryStrategy } from './delivery-strategy.js';
import { announce } from './diagnostics.js';
import type { EmittedEvent } from './emitted-event.js';
import { CommitUnknownError, EventsUnconfirmedError, NestedRunError } from './outbox.errors.js';
import type { EventTypesOptions } from './outbox.options.js';
import { Emits, type EmitOptions } from './unit-of-work-emits.js';
import {
  closeConnection,
  isRetryable,
  outcomeOfCommit,
  refuseAborted,
  rollBack,
} from './unit-of-work-failures.js';

/** An open transaction: the database through `manager`, the events through `emit`. */
export interface Transaction<Definitions extends EventDefinitions> {
  readonly manager: EntityManager;
  /**
   * Makes the event part of the transaction. Nothing is published here.
   *
   * @throws EmitOutsideTransactionError if the transaction's callback has ended
   * @throws InvalidEventError if the event is not in the registry, or its data does not fit its schema; or if it was
   * emitted in this transaction before
   */
  readonly emit: (event: EventOf<Definitions>, options?: EmitOptions) => void;
}

/** The isolation levels that PostgreSQL has. */
export type IsolationLevel = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

/** How a transaction is to run. */
export interface RunOptions {
  /** Default: the database's own. */
  readonly isolation?: IsolationLevel;
  /** How often the callback is run at most; default 5. 1 repeats nothing. */
  readonly attemptsMax?: number;
}

/** Enough for two transactions that met by chance; who meets more often should take another lock. */
const ATTEMPTS_MAX = 5;
/** Before the second attempt and before the later ones, in ms: about as long as a transaction takes, to let it end. */
const PAUSE_FIRST_MS = 5;
const PAUSE_LONGEST_MS = 100;

/** A transaction whose callback is running. */
interface Open<Definitions extends EventDefinitions> {
  readonly transaction: Transaction<Definitions>;
  readonly emits: Emits;
  readonly isolation: IsolationLevel | undefined;
  running: boolean;
  /** Nested runs that have not ended, and the first failure of one. */
  nested: number;
  nestedFailure: { readonly cause: unknown } | undefined;
}

/**
 * One database transaction and the events that belong to it. A service never touches the broker: it emits,
 * and the {@link DeliveryStrategy} decides when and how the event leaves.
 */
export class UnitOfWork<Definitions extends EventDefinitions = EventDefinitions> {
  private readonly logger = new Logger('UnitOfWork');
  private readonly opened = new AsyncLocalStorage<Open<Definitions>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly strategy: DeliveryStrategy,
    private readonly registry: EventRegistry<Definitions>,
    private readonly types: EventTypesOptions = {},
  ) {}

  /**
   * Runs the callback in a transaction, and commits when it resolves.
   *
   * **The callback must be repeatable**: after a serialization failure or a deadlock (40001, 40P01), and after nothing
   * else, it is run again in a new transaction, without the events that it had emitted. So it does nothing that a
   * rollback does not undo, such as calling another service.
   *
   * A `run` inside a callback joins its transaction: the same manager, the same events, one commit. It cannot fail
   * alone: what it threw rolls back the whole, even if it was caught.
   *
   * @returns what the callback returned
   * @throws CommitUnknownError if the reply to COMMIT was lost: it may be committed, and is not repeated
   * @throws EventsUnconfirmedError after a commit whose events could not be published for certain; delivery `direct`
   * @throws EventsUnpublishedError if nothing is committed since the events could not be published; delivery
   * `direct-before-commit` and `direct-retry-in-memory`
   * @throws TransactionAbortedError if the callback caught the error of a statement, after which nothing can be
   * committed
   * @throws NestedRunError if a nested run failed and was caught, is not awaited, or asks for another isolation level
   * @throws whatever the callback throws; it is rolled back
   */
  async run<Result>(
    work: (transaction: Transaction<Definitions>) => Promise<Result>,
    options: RunOptions = {},
  ): Promise<Result> {
    const outer = this.opened.getStore();
    // What was started in a callback and goes on after it is in nobody's transaction.
    return outer?.running ? join(outer, work, options) : this.begin(work, options);
  }

  private async begin<Result>(
    work: (transaction: Transaction<Definitions>) => Promise<Result>,
    { isolation, attemptsMax = ATTEMPTS_MAX }: RunOptions,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      let committed: { readonly result: Result; readonly events: readonly EmittedEvent[] };
      try {
        committed = await this.attempt(work, isolation);
      } catch (error) {
        if (!(attempt < attemptsMax) || !isRetryable(error)) throw error;
        await pause(backoffMs(attempt - 1, PAUSE_FIRST_MS, PAUSE_LONGEST_MS));
        continue;
      }
      await this.deliver(committed.result, committed.events);
      return committed.result;
    }
  }

  private async attempt<Result>(
    work: (transaction: Transaction<Definitions>) => Promise<Result>,
    isolation: IsolationLevel | undefined,
  ): Promise<{ readonly result: Result; readonly events: readonly EmittedEvent[] }> {
    const runner = this.dataSource.createQueryRunner();
    try {
      try {
        await runner.startTransaction(isolation);
        announce('outbox.unit.begun', {});
        const open = this.open(runner.manager, isolation);
        const result = await this.opened.run(open, () => callBack(open, work));
        const events = open.emits.close();
        await refuseAborted(runner);
        announce('outbox.unit.worked', { events });
        if (events.length > 0) await this.strategy.beforeCommit(runner.manager, events);
        announce('outbox.unit.committing', { events });
        await this.commit(runner, events);
        announce('outbox.unit.committed', { events });
        return { result, events };
      } catch (error) {
        if (error instanceof CommitUnknownError) await closeConnection(runner);
        else await rollBack(runner);
        throw error;
      }
    } finally {
      await runner.release();
    }
  }

  private open(manager: EntityManager, isolation: IsolationLevel | undefined): Open<Definitions> {
    const emits = new Emits(this.registry, this.types);
    const emit = (event: CloudEvent, options: EmitOptions = {}) => emits.add(event, options);
    const transaction = { manager, emit };
    return { transaction, emits, isolation, running: true, nested: 0, nestedFailure: undefined };
  }

  private async commit(runner: QueryRunner, events: readonly EmittedEvent[]): Promise<void> {
    try {
      await runner.commitTransaction();
    } catch (error) {
      const outcome = outcomeOfCommit(error, runner);
      if (outcome === 'rolled back') throw error;
      if (outcome === 'unknown') throw new CommitUnknownError(cloudEventsOf(events), { cause: error });
      this.logger.error('Committed, and a subscriber to the commit failed', error);
    }
  }

  private async deliver(result: unknown, events: readonly EmittedEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      await this.strategy.afterCommit(events);
    } catch (cause) {
      throw new EventsUnconfirmedError(result, cloudEventsOf(events), { cause });
    }
  }
}

/** Runs the callback to its end: an event that comes later, however it ended, has no transaction to be part of. */
async function callBack<Definitions extends EventDefinitions, Result>(
  open: Open<Definitions>,
  work: (transaction: Transaction<Definitions>) => Promise<Result>,
): Promise<Result> {
  try {
    const result = await work(open.transaction);
    if (open.nestedFailure) {
      throw new NestedRunError(
        'failed and was caught; it fails the transaction that it joined',
        open.nestedFailure,
      );
    }
    if (open.nested > 0)
      throw new NestedRunError('has not ended with the transaction that it joined; await it');
    return result;
  } finally {
    open.running = false;
    open.emits.close();
  }
}

async function join<Definitions extends EventDefinitions, Result>(
  outer: Open<Definitions>,
  work: (transaction: Transaction<Definitions>) => Promise<Result>,
  { isolation = outer.isolation }: RunOptions,
): Promise<Result> {
  outer.nested++;
  try {
    if (isolation !== outer.isolation) {
      const level = outer.isolation ?? 'the default level';
      throw new NestedRunError(`asks for ${isolation}, and the transaction that it joins runs at ${level}`);
    }
    return await work(outer.transaction);
  } catch (cause) {
    outer.nestedFailure ??= { cause };
    throw cause;
  } finally {
    outer.nested--;
  }
}

function cloudEventsOf(events: readonly EmittedEvent[]): CloudEvent[] {
  return events.map(({ event }) => event);
}
