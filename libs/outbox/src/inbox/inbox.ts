import { noteFailure, type CloudEvent, type EventDefinitions } from '@app/nats';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { announce } from '../diagnostics.js';
import { InboxPartitionMissingError, UnacceptableMessageIdError } from '../outbox.errors.js';
import { dayOf } from '../retention/days.js';
import { readPartitions } from '../retention/sql/read-partitions.js';
import { Tables } from '../schema/tables.js';
import { UnitOfWork, type Transaction } from '../unit-of-work.js';
import { findingsOf, isUuidV7, sequenceOf, timeOfId, type KeyProgress } from './arrival.js';
import { NoPartitionForIdError, recordInInbox } from './sql/record-in-inbox.js';

/**
 * Handles each message once, however often it is delivered: its id is recorded in the handler's own
 * transaction, so that the effect and the record are committed together or not at all.
 *
 * It also notes the highest `sequence` of each source and key. A lower one than that is handled like any other, and
 * announced on `inbox.out-of-order`; a number that is passed over opens a gap (`inbox.gap-opened`), which is closed
 * when it comes (`inbox.gap-closed`). The numbers are those of a source's key over all its types: who hears but some
 * of them has gaps that never close.
 */
@Injectable()
export class Inbox<Definitions extends EventDefinitions = EventDefinitions> {
  constructor(
    private readonly unitOfWork: UnitOfWork<Definitions>,
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {}

  /**
   * Runs the callback in a transaction unless the event was handled before.
   *
   * @param work may be run again, when the database asks for it: see {@link UnitOfWork.run}
   * @returns `repeated` if it was handled before, and nothing was done
   * @throws UnacceptableMessageIdError for an id that nothing can be known of: not a UUIDv7, older than what is kept,
   * or of a day to come; nothing was done, and `NatsTransport` puts the message with the dead letters
   * @throws InboxPartitionMissingError when the retention is behind: the message may come again
   * @throws whatever the callback throws: everything is rolled back, and the message may come again
   */
  async process(
    event: CloudEvent,
    work: (transaction: Transaction<Definitions>) => Promise<void>,
  ): Promise<'processed' | 'repeated'> {
    if (!isUuidV7(event.id)) throw new UnacceptableMessageIdError(event, 'it is not a UUIDv7');
    let progress: KeyProgress | undefined;
    const outcome = await this.unitOfWork
      .run(async (transaction) => {
        const recorded = await recordInInbox(this.tables.on(transaction.manager), event);
        if (recorded.repeats > 0) return 'repeated';
        progress = recorded.progress;
        announce('inbox.recorded', { event });
        await work(transaction);
        return 'processed';
      })
      .catch(async (error: unknown) => {
        const failure = error instanceof NoPartitionForIdError ? await this.refusalOf(event, error) : error;
        noteFailure(failure);
        throw failure;
      });
    announce(outcome === 'repeated' ? 'inbox.repeated' : 'inbox.committed', { event });
    if (outcome === 'processed') this.tellOrder(event, progress);
    return outcome;
  }

  private tellOrder(event: CloudEvent, progress: KeyProgress | undefined): void {
    const sequence = sequenceOf(event);
    if (sequence === undefined || !progress) return;
    for (const finding of findingsOf(sequence, progress)) announce(finding, { event, ...progress });
  }

  /** Judged by the partitions and the database's clock alone: this process's may be wrong. */
  private async refusalOf(event: CloudEvent, cause: NoPartitionForIdError): Promise<Error> {
    const { today, days } = await readPartitions(this.tables.on(this.dataSource));
    const day = dayOf(timeOfId(event.id));
    const kept = days.inbox_message;
    if (kept.size > 0 && day < Math.min(...kept)) {
      return new UnacceptableMessageIdError(event, 'it is older than what the inbox keeps', { cause });
    }
    if (day > today && day > Math.max(...kept)) {
      return new UnacceptableMessageIdError(event, 'it is from a day too far ahead', { cause });
    }
    return new InboxPartitionMissingError(event, { cause });
  }
}
