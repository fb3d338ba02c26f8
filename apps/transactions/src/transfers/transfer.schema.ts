import { amountMinor, currency } from '@app/contracts';
import { z } from 'zod';
import type { Transfer } from './transfer.entity.js';

/** The body of `POST /v1/transfers`. */
export const transferOrderSchema = z
  .strictObject({
    debitAccountId: z.uuid(),
    creditAccountId: z.uuid(),
    /** Minor units, as text. */
    amountMinor,
    currency,
  })
  .refine((order) => order.debitAccountId.toLowerCase() !== order.creditAccountId.toLowerCase(), {
    path: ['creditAccountId'],
    message: 'expected another account than debitAccountId',
  });

/** What a caller orders. */
export type TransferOrder = z.output<typeof transferOrderSchema>;

/** A transfer as the API shows it. */
export interface TransferView {
  readonly id: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountMinor: string;
  readonly currency: string;
  readonly status: string;
  readonly rejectionReason?: string;
  readonly requestedAt: string;
  readonly settledAt?: string;
}

export function viewOf(transfer: Transfer): TransferView {
  return {
    id: transfer.id,
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
