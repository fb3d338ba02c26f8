import type { Caller } from '@app/service';
import { v7 as uuidv7 } from 'uuid';
import type { BatchItem, BatchOrder, BatchView } from './transfer-batch.schema.js';
import type { Transfer } from './transfer.entity.js';
import { transferOf } from './transfer.rules.js';
import { transferOrderSchema } from './transfer.schema.js';
import { transferProblems } from './transfers.errors.js';

/** What a batch records, and what is answered. */
export interface BatchDecision {
  readonly answer: { readonly status: 202; readonly body: BatchView };
  readonly transfers: readonly Transfer[];
}

/**
 * Decides which orders of a batch are accepted. All that are, are recorded in one transaction, each for itself or not:
 * a process that ends halfway leaves neither a part of the batch nor a key without its answer.
 */
export function batchOf({ mode, transfers: orders }: BatchOrder, caller: Caller, now: Date): BatchDecision {
  const transfers: Transfer[] = [];
  const items = orders.map((candidate, index): BatchItem => {
    const order = transferOrderSchema.safeParse(candidate);
    if (!order.success) {
      const errors = order.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
      return {
        index,
        status: 'refused',
        problem: transferProblems.of('transfer-order-invalid', { errors }).problem,
      };
    }
    const transfer = transferOf(order.data, { id: uuidv7(), caller, now });
    transfers.push(transfer);
    return { index, status: 'accepted', id: transfer.id };
  });
  return { answer: { status: 202, body: { mode, items } }, transfers };
}
