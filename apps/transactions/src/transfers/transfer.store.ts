import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { RECORD_KEY, type KeyParameters } from '../idempotency/idempotency-records.js';
import { Transfer } from './transfer.entity.js';

/** Records the key and its one transfer, or neither; one statement on the way of every transfer. */
const RECORD_TRANSFER = `
  with ${RECORD_KEY}
  insert into transfer (id, kind, reversal_of, debit_account_id, credit_account_id, amount_minor, currency,
                        requested_by, authority, requested_at)
  select $8::uuid, $9::text, $10::uuid, $11::uuid, $12::uuid, $13::bigint, $14::text, $15::text, $16::text,
         $17::timestamptz
  from record
  returning 1 as recorded`;

/** The same for any number of transfers, none included. */
const RECORD_TRANSFERS = `
  with ${RECORD_KEY}, inserted as (
    insert into transfer (id, kind, reversal_of, debit_account_id, credit_account_id, amount_minor, currency,
                          requested_by, authority, requested_at)
    select transfer.*
    from record, unnest($8::uuid[], $9::text[], $10::uuid[], $11::uuid[], $12::uuid[], $13::bigint[], $14::text[],
                        $15::text[], $16::text[], $17::timestamptz[]) as transfer
  )
  select 1 as recorded from record`;

/** Locked, so that two reversals of it are decided one after the other. */
const LOCK_TRANSFER = 'select id from transfer where id = $1 for no key update';

const FIND_REVERSAL = `
  select id from transfer where reversal_of = $1 and kind = 'reversal' and status <> 'rejected'`;

/** The transfers in the database. */
@Injectable()
export class TransferStore {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Records a key and its transfers.
   *
   * @returns false, with nothing written, if the key has a record that lives
   */
  async record(manager: EntityManager, key: KeyParameters, transfers: readonly Transfer[]): Promise<boolean> {
    const [only] = transfers;
    const rows =
      only && transfers.length === 1
        ? await manager.query<object[]>(RECORD_TRANSFER, [...key, ...columnsOf(only)])
        : await manager.query<object[]>(RECORD_TRANSFERS, [...key, ...columnArraysOf(transfers)]);
    return rows.length > 0;
  }

  /** The transfer, locked until the end of the transaction against another reversal of it. */
  async lock(manager: EntityManager, id: string): Promise<Transfer | null> {
    await manager.query(LOCK_TRANSFER, [id]);
    // A later statement: it sees what the lock was waited for.
    return manager.findOneBy(Transfer, { id });
  }

  /** The reversal of a transfer that stands or may come to stand; lock the transfer first. */
  async reversalIdOf(manager: EntityManager, id: string): Promise<string | undefined> {
    const [row] = await manager.query<{ id: string }[]>(FIND_REVERSAL, [id]);
    return row?.id;
  }

  find(id: string): Promise<Transfer | null> {
    return this.dataSource.manager.findOneBy(Transfer, { id });
  }
}

/** In the order of the statements' parameters. */
function columnsOf(transfer: Transfer): unknown[] {
  return [
    transfer.id,
    transfer.kind,
    transfer.reversalOf,
    transfer.debitAccountId,
    transfer.creditAccountId,
    transfer.amountMinor.toString(),
    transfer.currency,
    transfer.requestedBy,
    transfer.authority,
    transfer.requestedAt,
  ];
}

function columnArraysOf(transfers: readonly Transfer[]): unknown[][] {
  const rows = transfers.map(columnsOf);
  return COLUMN_NUMBERS.map((number) => rows.map((row) => row[number]));
}

const COLUMN_NUMBERS = Array.from({ length: 10 }, (_, number) => number);
