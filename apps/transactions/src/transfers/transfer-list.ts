import { isBank, type Caller } from '@app/service';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { cursorText } from './transfer-cursor.js';
import type { TransferPage, TransferQuery } from './transfer-list.schema.js';
import type { Transfer } from './transfer.entity.js';
import { viewOf } from './transfer.schema.js';

type TransferRow = Omit<Transfer, 'amountMinor'> & { readonly amountMinor: string };

/** A parameter that is null narrows nothing; the planner sees the values, and leaves the condition out. */
const MATCHES = `
      ($1::text is null or status = $1)
  and ($2::timestamptz is null or requested_at >= $2)
  and ($3::timestamptz is null or requested_at < $3)
  and ($4::float8 is null or requested_at < statement_timestamp() - make_interval(secs => $4))
  and ($5::timestamptz is null or (requested_at, id) < ($5, $6::uuid))
  and ($7::boolean or requested_by = $8::text)
  order by requested_at desc, id desc
  limit $9`;

const COLUMNS = `
  id, kind, reversal_of as "reversalOf", debit_account_id as "debitAccountId",
  credit_account_id as "creditAccountId", amount_minor as "amountMinor", currency, requested_by as "requestedBy",
  authority, status, rejection_reason as "rejectionReason", requested_at as "requestedAt", settled_at as "settledAt"`;

const LIST_TRANSFERS = `select ${COLUMNS} from transfer where ${MATCHES}`;

/** Two index scans of at most a page each: an \`or\` over both sides would read all that the account ever did. */
const LIST_TRANSFERS_OF_ACCOUNT = `
  with side as (
    (select * from transfer where debit_account_id = $10::uuid and ${MATCHES})
    union all
    (select * from transfer where credit_account_id = $10::uuid and ${MATCHES})
  )
  select ${COLUMNS} from side
  order by requested_at desc, id desc
  limit $9`;

/** Pages of transfers, the newest first. What is recorded meanwhile moves nothing on the later pages. */
@Injectable()
export class TransferList {
  constructor(private readonly dataSource: DataSource) {}

  /** Of the transfers that are the caller's to see. */
  async page(query: TransferQuery, caller: Caller): Promise<TransferPage> {
    const rows = await this.read(query, caller);
    const shown = rows.slice(0, query.limit);
    const last = shown.at(-1);
    return {
      items: shown.map((row) => viewOf({ ...row, amountMinor: BigInt(row.amountMinor) })),
      ...(last && rows.length > shown.length ? { nextCursor: cursorText(last) } : {}),
    };
  }

  /** One more than the page has, to know whether there is another page. */
  private read(query: TransferQuery, caller: Caller): Promise<TransferRow[]> {
    const { account, status, from, to, olderThan, cursor, limit } = query;
    const parameters = [
      status ?? null,
      from ?? null,
      to ?? null,
      olderThan ?? null,
      cursor?.requestedAt ?? null,
      cursor?.id ?? null,
      isBank(caller),
      caller.subject ?? null,
      limit + 1,
    ];
    return account === undefined
      ? this.dataSource.query<TransferRow[]>(LIST_TRANSFERS, parameters)
      : this.dataSource.query<TransferRow[]>(LIST_TRANSFERS_OF_ACCOUNT, [...parameters, account]);
  }
}
