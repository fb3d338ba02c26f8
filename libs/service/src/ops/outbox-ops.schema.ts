import { LIST_LIMIT_MAX, LIST_STATES, REPLAY_LIMIT_MAX } from '@app/outbox';
import { z } from 'zod';

const text = z.string().min(1).optional();
const time = z.iso
  .datetime({ offset: true })
  .transform((instant) => new Date(instant))
  .optional();

/** What `GET messages` is asked. */
export const listQuery = z.object({
  state: z.enum(LIST_STATES).default('parked'),
  key: text,
  type: text,
  limit: z.coerce.number().int().min(1).max(LIST_LIMIT_MAX).optional(),
  after: text,
});

/** Why something is dropped: it stands in the log beside what it was. */
export const dropQuery = z.object({ reason: z.string().min(1) });

/** What is to be replayed: at least one thing that narrows it down. */
export const replayOrder = z
  .object({
    key: text,
    type: text,
    from: time,
    to: time,
    limit: z.int().min(1).max(REPLAY_LIMIT_MAX).optional(),
  })
  .refine(({ key, type, from, to }) => key ?? type ?? from ?? to, 'expected key, type, from or to');

export const messageId = z.uuid();
