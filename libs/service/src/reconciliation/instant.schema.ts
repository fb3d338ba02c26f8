import { z } from 'zod';

/** What the database can hold and every date library can write, and more than a bank needs. */
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

/** A time in a query, with its offset; to the millisecond. */
export const instantSchema = z.iso.datetime({ offset: true }).transform((text, context) => {
  const time = new Date(text);
  if (time.getTime() >= EARLIEST && time.getTime() <= LATEST) return time;
  context.addIssue({ code: 'custom', message: 'expected a time from 1970 to 9999' });
  return z.NEVER;
});
