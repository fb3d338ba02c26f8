import { z } from 'zod';
import { instantSchema } from '@app/service';
import { cursorSchema } from './transfer-cursor.js';
import { TRANSFER_STATUSES } from './transfer.entity.js';
import { idSchema, transferViewSchema } from './transfer.schema.js';

/** How many transfers a page may have. */
export const PAGE_MAX = 100;
const PAGE_DEFAULT = 50;

/** Days, hours, minutes and seconds of ISO 8601, each at most once and with at least one of them. */
const DURATION = /^P(?=\d|T\d)(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/;
const UNIT_SECONDS = [86_400, 3_600, 60, 1];

const durationSeconds = z.string().transform((text, context) => {
  const parts = DURATION.exec(text)?.slice(1);
  if (!parts) {
    context.addIssue({
      code: 'custom',
      message: 'expected an ISO 8601 duration such as PT30S, PT5M or P1DT12H',
    });
    return z.NEVER;
  }
  return parts.reduce((sum, part, unit) => sum + Number(part ?? 0) * (UNIT_SECONDS[unit] ?? 0), 0);
});

/** The query of `GET /v1/transfers`. */
export const transferQuerySchema = z.strictObject({
  /** On either side. */
  account: idSchema.optional(),
  status: z.enum(TRANSFER_STATUSES).optional(),
  /** Requested then or later. */
  from: instantSchema.optional(),
  /** Requested before then. */
  to: instantSchema.optional(),
  /** Requested longer ago than this: an ISO 8601 duration of days, hours, minutes and seconds. */
  olderThan: durationSeconds.optional(),
  cursor: cursorSchema.optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_DEFAULT),
});

/** What a caller asks for. */
export type TransferQuery = z.output<typeof transferQuerySchema>;

/** A page of transfers, the newest first. */
export const transferPageSchema = z.strictObject({
  items: z.array(transferViewSchema),
  /** The `cursor` of the next page; none on the last. */
  nextCursor: z.string().optional(),
});

/** A page of transfers, the newest first. */
export type TransferPage = z.output<typeof transferPageSchema>;
