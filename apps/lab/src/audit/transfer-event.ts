import { z } from 'zod';
import type { TransferEvent } from './books.js';
import { EVENT_TYPES } from './books.js';

/** Loose on purpose: the auditor reads what is there, and judges it later. */
const eventSchema = z.object({
  id: z.string(),
  type: z.enum(EVENT_TYPES),
  partitionkey: z.string().optional(),
  sequence: z.string().regex(/^\d+$/).optional(),
  data: z.object({
    transferId: z.string(),
    debitAccountId: z.string(),
    creditAccountId: z.string().optional(),
    amountMinor: z
      .string()
      .regex(/^-?\d+$/)
      .optional(),
    currency: z.string().optional(),
  }),
});

/** Reads an event of the bank from a message's text; undefined when it is none. */
export function readTransferEvent(text: string): TransferEvent | undefined {
  const parsed = eventSchema.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  const { id, type, partitionkey, sequence, data } = parsed.data;
  return {
    id,
    type,
    key: partitionkey ?? data.debitAccountId,
    sequence: sequence === undefined ? null : BigInt(sequence),
    transferId: data.transferId,
    debitAccountId: data.debitAccountId,
    creditAccountId: data.creditAccountId ?? null,
    amountMinor: data.amountMinor === undefined ? null : BigInt(data.amountMinor),
    currency: data.currency ?? null,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
