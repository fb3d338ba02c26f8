import { defineEvent, defineEvents, type CloudEvent } from '@app/nats';
import { z } from 'zod';
import type { Transaction } from '../src/index.js';

/** Events for the specs of this library, which knows no event of its own. */
export const notes = defineEvents('urn:notes:event', {
  'note.written': defineEvent({
    version: '1.0',
    source: '/notes',
    data: z.object({ book: z.string(), text: z.string() }),
    key: (data) => data.book,
  }),
});

export type Notes = (typeof notes)['definitions'];

/** An event under the key `book`. */
export function noteWritten(book: string, text = 'hello') {
  return notes.create('note.written', { book, text });
}

/** A transaction that does nothing but emit. */
export function emitting(...events: readonly ReturnType<typeof noteWritten>[]) {
  return ({ emit }: Pick<Transaction<Notes>, 'emit'>): Promise<void> => {
    for (const event of events) emit(event);
    return Promise.resolve();
  };
}

/** The texts of encoded events, in their order. */
export function textsOf(payloads: readonly string[]): string[] {
  return payloads.map((payload) => (JSON.parse(payload) as CloudEvent<string, { text: string }>).data.text);
}
