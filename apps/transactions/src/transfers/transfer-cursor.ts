import { z } from 'zod';
import { instantSchema } from '@app/service';

/** Where a page ends: the next one begins behind this transfer. */
export interface TransferCursor {
  readonly requestedAt: Date;
  readonly id: string;
}

const contentSchema = z.tuple([instantSchema, z.uuid()]);

/** Opaque to who gets it. */
export function cursorText({ requestedAt, id }: TransferCursor): string {
  return Buffer.from(JSON.stringify([requestedAt.toISOString(), id])).toString('base64url');
}

/** A cursor as it comes back. */
export const cursorSchema = z
  .string()
  .max(200)
  .transform((text, context): TransferCursor => {
    const content = contentSchema.safeParse(contentOf(text));
    if (!content.success) {
      context.addIssue({
        code: 'custom',
        message: 'expected the nextCursor of another page, as it was given',
      });
      return z.NEVER;
    }
    const [requestedAt, id] = content.data;
    return { requestedAt, id };
  });

function contentOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
