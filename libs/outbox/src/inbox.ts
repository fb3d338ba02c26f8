import type { CloudEvent, EventDefinitions } from '@app/nats';
import { Injectable } from '@nestjs/common';
import { announce } from './diagnostics.js';
import { recordInInbox } from './sql/record-in-inbox.js';
import { UnitOfWork, type Transaction } from './unit-of-work.js';

/**
 * Handles each message once, however often it is delivered: its id is recorded in the handler's own
 * transaction, so that the effect and the record are committed together or not at all.
 */
@Injectable()
export class Inbox<Definitions extends EventDefinitions = EventDefinitions> {
  constructor(private readonly unitOfWork: UnitOfWork<Definitions>) {}

  /**
   * Runs the callback in a transaction unless the event was handled before.
   *
   * @returns `repeated` if it was handled before, and nothing was done
   * @throws whatever the callback throws: everything is rolled back, and the message may come again
   */
  async process(
    event: CloudEvent,
    work: (transaction: Transaction<Definitions>) => Promise<void>,
  ): Promise<'processed' | 'repeated'> {
    const outcome = await this.unitOfWork.run(async (transaction) => {
      if ((await recordInInbox(transaction.manager, event)) > 0) return 'repeated';
      announce('inbox.recorded', { event });
      await work(transaction);
      return 'processed';
    });
    announce(outcome === 'repeated' ? 'inbox.repeated' : 'inbox.committed', { event });
    return outcome;
  }
}
