import type { CloudEvent, EventDefinitions, EventOf } from '@app/nats';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DeliveryStrategy } from './delivery-strategy.js';
import { EmitOutsideTransactionError, EventsUnconfirmedError } from './outbox.errors.js';

/** An open transaction: the database through `manager`, the events through `emit`. */
export interface Transaction<Definitions extends EventDefinitions> {
  readonly manager: EntityManager;
  /**
   * Makes the event part of the transaction. Nothing is published here.
   *
   * @throws EmitOutsideTransactionError if the transaction's callback has ended
   */
  readonly emit: (event: EventOf<Definitions>) => void;
}

/**
 * One database transaction and the events that belong to it. A service never touches the broker: it emits,
 * and the {@link DeliveryStrategy} decides when and how the event leaves.
 */
@Injectable()
export class UnitOfWork<Definitions extends EventDefinitions = EventDefinitions> {
  constructor(
    private readonly dataSource: DataSource,
    private readonly strategy: DeliveryStrategy,
  ) {}

  /**
   * Runs the callback in a transaction (READ COMMITTED), and commits when it resolves.
   *
   * @returns what the callback returned
   * @throws EventsUnconfirmedError after a commit whose events could not be published for certain; only
   * direct delivery does so
   */
  async run<Result>(work: (transaction: Transaction<Definitions>) => Promise<Result>): Promise<Result> {
    const events: CloudEvent[] = [];
    const result = await this.dataSource.transaction(async (manager) => {
      const emit = (event: CloudEvent) => {
        if (Object.isFrozen(events)) throw new EmitOutsideTransactionError(event.type);
        events.push(event);
      };
      // However the callback ends: an event that comes later has no transaction to be part of.
      const worked = await work({ manager, emit }).finally(() => Object.freeze(events));
      if (events.length > 0) await this.strategy.beforeCommit(manager, events);
      return worked;
    });
    if (events.length > 0) {
      try {
        await this.strategy.afterCommit(events);
      } catch (cause) {
        throw new EventsUnconfirmedError(result, events, { cause });
      }
    }
    return result;
  }
}
