import { TRANSFER_KINDS } from '@app/contracts';
import { z } from 'zod';
import { pageQuery, pageSchema } from '../paging/page.schema.js';
import type { Entry } from './sql/list-entries.js';

const signedMinor = z.string().regex(/^(0|-?[1-9][0-9]*)$/);

/** At most 18 digits: what the database's ids can be. */
const ENTRY_ID = /^[1-9][0-9]{0,17}$/;

/** The query of `GET /v1/accounts/:id/entries`. */
export const entriesQuerySchema = z.strictObject(pageQuery(z.string().regex(ENTRY_ID)));

/** What a caller lists. */
export type EntriesQuery = z.output<typeof entriesQuerySchema>;

/** An entry as the API shows it. */
export const entryViewSchema = z.strictObject({
  /** Larger for a later entry. */
  id: z.string().regex(ENTRY_ID),
  /** The posting that it is one of the two entries of. */
  postingId: z.uuid(),
  kind: z.enum([...TRANSFER_KINDS, 'opening_balance']),
  /** An opening balance has none. */
  transferId: z.uuid().optional(),
  /** Minor units, as text; below zero where the account is debited. */
  amountMinor: signedMinor,
  /** What the account held after it. */
  balanceAfterMinor: signedMinor,
  postedAt: z.iso.datetime(),
});

/** An entry as the API shows it. */
export type EntryView = z.output<typeof entryViewSchema>;

/** A page of entries, the newest first. */
export const entriesPageSchema = pageSchema(entryViewSchema);

export function entryViewOf(entry: Entry): EntryView {
  return {
    id: entry.id,
    postingId: entry.postingId,
    kind: entry.kind,
    ...(entry.transferId === null ? {} : { transferId: entry.transferId }),
    amountMinor: entry.amountMinor,
    balanceAfterMinor: entry.balanceAfterMinor,
    postedAt: entry.postedAt.toISOString(),
  };
}
