import { z } from 'zod';
import { idSchema, transferOrderSchema } from './transfer.schema.js';

/** How many transfers one batch may order. */
export const BATCH_MAX = 1_000;

/** More members than an order has, so that a wrong one is told so, and few enough to look at. */
const MEMBERS_MAX = 20;

/** An order that may be wrong: it is judged alone. Flat and short, because the whole is written down with its key. */
const candidateSchema = z
  .record(z.string().max(100), z.union([z.string().max(100), z.number(), z.boolean(), z.null()]))
  .refine((order) => Object.keys(order).length <= MEMBERS_MAX, `expected at most ${MEMBERS_MAX} members`);

/** The body of `POST /v1/transfers/batch`. */
export const batchOrderSchema = z.discriminatedUnion('mode', [
  z.strictObject({
    /** All are recorded in one transaction, or none is: one order that is not valid refuses the request. */
    mode: z.literal('all'),
    transfers: z.array(transferOrderSchema).min(1).max(BATCH_MAX),
  }),
  z.strictObject({
    /** Each for itself: an order that is not valid is refused, and the others are recorded. */
    mode: z.literal('each'),
    transfers: z.array(candidateSchema).min(1).max(BATCH_MAX),
  }),
]);

/** What a caller orders at once. */
export type BatchOrder = z.output<typeof batchOrderSchema>;

const acceptedSchema = z.strictObject({
  /** The order's place in the request, from 0. */
  index: z.int().min(0),
  status: z.literal('accepted'),
  id: idSchema,
});

const refusedSchema = z.strictObject({
  index: z.int().min(0),
  status: z.literal('refused'),
  /** The problem document that the order alone would have been answered with. */
  problem: z.looseObject({ type: z.string(), title: z.string(), status: z.int() }),
});

/** What becomes of each order, in their order. */
export const batchViewSchema = z.strictObject({
  mode: z.enum(['all', 'each']),
  items: z.array(z.discriminatedUnion('status', [acceptedSchema, refusedSchema])),
});

/** What becomes of each order, in their order. */
export type BatchView = z.output<typeof batchViewSchema>;

/** What becomes of one order. */
export type BatchItem = BatchView['items'][number];
