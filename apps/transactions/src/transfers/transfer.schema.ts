import {
  AMOUNT_MINOR_MAX,
  amountMinor,
  currency,
  isSystemAccountId,
  REJECTION_REASONS,
  TRANSFER_KINDS,
} from '@app/contracts';
import { z } from 'zod';
import { TRANSFER_STATUSES, type Transfer } from './transfer.entity.js';

/** An id in lower case, as the database writes it. */
export const idSchema = z.uuid().toLowerCase();

/** The body of `POST /v1/transfers`. */
export const transferOrderSchema = z
  .strictObject({
    debitAccountId: idSchema,
    creditAccountId: idSchema,
    /** Minor units, as text. */
    amountMinor,
    currency,
  })
  .refine((order) => order.debitAccountId !== order.creditAccountId, {
    path: ['creditAccountId'],
    message: 'expected another account than debitAccountId',
  });

/** What a caller orders. */
export type TransferOrder = z.output<typeof transferOrderSchema>;

/** The body of `POST /v1/deposits` and `POST /v1/withdrawals`; the other side is the bank's own account. */
export const cashOrderSchema = z.strictObject({
  accountId: idSchema.refine((id) => !isSystemAccountId(id), 'expected the account of a customer'),
  /** Minor units, as text. */
  amountMinor,
  currency,
});

/** What the bank orders for a customer at its counter. */
export type CashOrder = z.output<typeof cashOrderSchema>;

/** The body of `POST /v1/transfers/{id}/reversal`: none, or an empty object. */
export const reversalOrderSchema = z.strictObject({}).nullish();

const instant = z.iso.datetime();

/** A transfer as the API shows it. */
export const transferViewSchema = z.strictObject({
  id: z.uuid(),
  kind: z.enum(TRANSFER_KINDS),
  /** Of a reversal: the transfer that it is the opposite of. */
  reversalOf: z.uuid().optional(),
  debitAccountId: z.uuid(),
  creditAccountId: z.uuid(),
  /** Minor units, as text. */
  amountMinor: z.string().regex(new RegExp(`^[1-9][0-9]{0,${AMOUNT_MINOR_MAX.toString().length - 1}}$`)),
  currency: z.string().length(3),
  status: z.enum(TRANSFER_STATUSES),
  /** Of a rejected transfer. */
  rejectionReason: z.enum(REJECTION_REASONS).optional(),
  requestedAt: instant,
  /** When accounts decided; none while it is pending. */
  settledAt: instant.optional(),
});

/** A transfer as the API shows it. */
export type TransferView = z.output<typeof transferViewSchema>;

export function viewOf(transfer: Transfer): TransferView {
  return {
    id: transfer.id,
    kind: transfer.kind,
    ...(transfer.reversalOf === null ? {} : { reversalOf: transfer.reversalOf }),
    debitAccountId: transfer.debitAccountId,
    creditAccountId: transfer.creditAccountId,
    amountMinor: transfer.amountMinor.toString(),
    currency: transfer.currency,
    status: transfer.status,
    ...(transfer.rejectionReason === null ? {} : { rejectionReason: transfer.rejectionReason }),
    requestedAt: transfer.requestedAt.toISOString(),
    ...(transfer.settledAt === null ? {} : { settledAt: transfer.settledAt.toISOString() }),
  };
}
