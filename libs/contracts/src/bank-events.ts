import { defineEvent, defineEvents } from '@app/nats';
import { z } from 'zod';
import {
  amountMinor,
  AUTHORITIES,
  currency,
  isSystemAccountId,
  REJECTION_REASONS,
  TRANSFER_KINDS,
} from './values.js';

/** Lower case, as the database writes it: ids are compared as text. */
const id = z.uuid().toLowerCase();
const instant = z.iso.datetime({ offset: true });

/** The two accounts of a transfer; the outcomes of version 1.0 name only the first. */
interface Legs {
  readonly debitAccountId: string;
  readonly creditAccountId?: string | undefined;
}

/** The customer account debited, or for a deposit the one credited: the bank's own accounts would be one key for all. */
function customerAccountOf({ debitAccountId, creditAccountId }: Legs): string {
  return isSystemAccountId(debitAccountId) ? (creditAccountId ?? debitAccountId) : debitAccountId;
}

/**
 * The events between the two services, each under the name of its channel.
 *
 * Their key is the customer account debited: what leaves one account is published in the order in which it was
 * ordered, while transfers from different accounts do not wait for each other.
 *
 * What version 1.1 has added is optional or has a default, so that an event of version 1.0 is still understood.
 */
export const bankEvents = defineEvents('urn:bank:event', {
  /** A transfer is recorded, and its money is to be moved. */
  'transfer.requested': defineEvent({
    version: '1.1',
    source: '/transactions',
    data: z.object({
      transferId: id,
      debitAccountId: id,
      /** Another than `debitAccountId`, or the transfer is rejected. */
      creditAccountId: id,
      amountMinor,
      currency,
      requestedAt: instant,
      /** Since 1.1. */
      kind: z.enum(TRANSFER_KINDS).default('transfer'),
      /** Since 1.1: whether accounts must check that `requestedBy` owns the account debited. */
      authority: z.enum(AUTHORITIES).default('bank'),
      /** Since 1.1: the caller's subject; none where callers are not asked who they are. */
      requestedBy: z.string().min(1).optional(),
    }),
    key: customerAccountOf,
  }),
  /** The money of a transfer has moved. */
  'transfer.posted': defineEvent({
    version: '1.1',
    source: '/accounts',
    data: z.object({
      transferId: id,
      debitAccountId: id,
      /** Since 1.1. */
      creditAccountId: id.optional(),
      postedAt: instant,
    }),
    key: customerAccountOf,
  }),
  /** The money of a transfer does not move, ever. */
  'transfer.rejected': defineEvent({
    version: '1.1',
    source: '/accounts',
    data: z.object({
      transferId: id,
      debitAccountId: id,
      /** Since 1.1. */
      creditAccountId: id.optional(),
      reason: z.enum(REJECTION_REASONS),
      rejectedAt: instant,
    }),
    key: customerAccountOf,
  }),
});

/** The definitions of {@link bankEvents}, for generic code that is told which events it deals with. */
export type BankEvents = (typeof bankEvents)['definitions'];
