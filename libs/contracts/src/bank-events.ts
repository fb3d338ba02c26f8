import { defineEvent, defineEvents } from '@app/nats';
import { z } from 'zod';
import { amountMinor, currency, REJECTION_REASONS } from './values.js';

/** Lower case, as the database writes it: ids are compared as text. */
const id = z.uuid().toLowerCase();
const instant = z.iso.datetime({ offset: true });

/**
 * The events between the two services, each under the name of its channel.
 *
 * Their key is the account debited: what leaves one account is published in the order in which it was
 * ordered, while transfers from different accounts do not wait for each other.
 */
export const bankEvents = defineEvents('urn:bank:event', {
  /** A transfer is recorded, and its money is to be moved. */
  'transfer.requested': defineEvent({
    version: '1.0',
    source: '/transactions',
    data: z
      .object({
        transferId: id,
        debitAccountId: id,
        creditAccountId: id,
        amountMinor,
        currency,
        requestedAt: instant,
      })
      .refine((data) => data.creditAccountId !== data.debitAccountId, {
        path: ['creditAccountId'],
        message: 'expected another account than debitAccountId',
      }),
    key: (data) => data.debitAccountId,
  }),
  /** The money of a transfer has moved. */
  'transfer.posted': defineEvent({
    version: '1.0',
    source: '/accounts',
    data: z.object({ transferId: id, debitAccountId: id, postedAt: instant }),
    key: (data) => data.debitAccountId,
  }),
  /** The money of a transfer does not move, ever. */
  'transfer.rejected': defineEvent({
    version: '1.0',
    source: '/accounts',
    data: z.object({
      transferId: id,
      debitAccountId: id,
      reason: z.enum(REJECTION_REASONS),
      rejectedAt: instant,
    }),
    key: (data) => data.debitAccountId,
  }),
});

/** The definitions of {@link bankEvents}, for generic code that is told which events it deals with. */
export type BankEvents = (typeof bankEvents)['definitions'];
