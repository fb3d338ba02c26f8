import { DeadLetterSink, type Burial, type BusMessage } from '@app/nats';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Tables, type Sql } from '../schema/tables.js';
import { identityOf } from './message-identity.js';
import { buryMessage } from './sql/bury-message.js';
import { countRedelivery } from './sql/count-redelivery.js';

/** Characters that are kept of an error, and of an event's source and id. */
const ERROR_MAX = 10_000;
const NAME_MAX = 1_000;
/** Causes that are told of; one that is its own cause would be told of for ever. */
const CAUSES_MAX = 10;

/**
 * Keeps messages that cannot be processed in the consumer's own database, and counts there how often they came.
 * Each call is one statement and a transaction of its own: nothing of it is rolled back with the handler, and a
 * process that is killed has it. While the database is away both reject, and the message comes again.
 */
@Injectable()
export class InboxDeadLetters extends DeadLetterSink {
  private readonly sql: Sql;

  constructor(dataSource: DataSource, tables: Tables) {
    super();
    this.sql = tables.on(dataSource);
  }

  override countRedelivery(message: BusMessage): Promise<number> {
    return countRedelivery(this.sql, identityOf(message));
  }

  override bury(message: BusMessage, { reason, deliveries, error }: Burial): Promise<void> {
    return buryMessage(this.sql, {
      ...identityOf(message),
      ...readEvent(message.data),
      payload: message.data,
      reason,
      deliveries,
      error: textOf(error).slice(0, ERROR_MAX),
    });
  }
}

/** What can be read of an event that may be none. */
function readEvent(payload: Buffer): { eventSource?: string | undefined; eventId?: string | undefined } {
  try {
    const event = JSON.parse(payload.toString()) as { source?: unknown; id?: unknown } | null;
    return { eventSource: nameOf(event?.source), eventId: nameOf(event?.id) };
  } catch {
    return {};
  }
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' ? storable(value).slice(0, NAME_MAX) : undefined;
}

function textOf(error: Error): string {
  const texts: string[] = [];
  let cause: unknown = error;
  while (cause instanceof Error && texts.length < CAUSES_MAX) {
    texts.push(`${cause.name}: ${cause.message}`);
    ({ cause } = cause);
  }
  return storable(texts.join(', because of '));
}

/** PostgreSQL's text takes every character but one; a message that has it in a name could never be buried. */
function storable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}
