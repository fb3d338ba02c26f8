import { describe, expect, it } from '@jest/globals';
import { InvalidEventError } from '@app/nats';
import { FakeDatabase } from '../testing/fake-database.js';
import { notes, noteWritten, type Notes } from '../testing/notes.js';
import { Tables } from './schema/tables.js';
import { OutboxStrategy } from './strategies/outbox.strategy.js';
import { UnitOfWork, type Transaction } from './unit-of-work.js';

/**
 * Each line under `@ts-expect-error` is a test of the compiler: `tsc --noEmit` fails if it compiles. Here it runs all
 * the same, as it does for whoever casts or writes no types, and then nothing is committed.
 */
async function refused(work: (transaction: Transaction<Notes>) => void): Promise<string> {
  const database = new FakeDatabase();
  const strategy = new OutboxStrategy(new Tables(), { wake: () => undefined });
  const unitOfWork = new UnitOfWork(database.dataSource, strategy, notes);
  const running = unitOfWork.run((transaction) => Promise.resolve(work(transaction)));
  const error: unknown = await running.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InvalidEventError);
  expect(database.journal).toEqual(['begin', 'rollback']);
  return (error as Error).message;
}

const valid = noteWritten('a');

describe('does not compile, and does not commit', () => {
  it('an event that is not in the registry', async () => {
    const event = { ...valid, type: 'note.burnt' as const };
    const message = await refused(({ emit }) => {
      // @ts-expect-error the registry has no note.burnt
      emit(event);
    });
    expect(message).toContain('no event of this type is defined');
  });

  it('data of which a field has another type', async () => {
    const event = { ...valid, data: { book: 'a', text: 7 } };
    const message = await refused(({ emit }) => {
      // @ts-expect-error a text is not a number
      emit(event);
    });
    expect(message).toContain('text');
  });

  it('data of which a field is missing', async () => {
    const event = { ...valid, data: { book: 'a' } };
    const message = await refused(({ emit }) => {
      // @ts-expect-error a note has a text
      emit(event);
    });
    expect(message).toContain('text');
  });

  it('an envelope of which an attribute is missing', async () => {
    const { id: _, ...event } = valid;
    const message = await refused(({ emit }) => {
      // @ts-expect-error an event has an id
      emit(event);
    });
    expect(message).toContain('id');
  });

  it('an event of a type made with the data of none', async () => {
    await refused(() => {
      // @ts-expect-error a note has a text
      notes.create('note.written', { book: 'a' });
    });
  });
});

describe('compiles, and does not commit', () => {
  it('an id that is no UUIDv7', async () => {
    const event = { ...valid, id: '2f1c1c1e-6f0b-4b8e-9c4e-0d6a2c1b7f10' };
    expect(await refused(({ emit }) => emit(event))).toContain('id');
  });

  it('an envelope whose version consumers do not understand', async () => {
    const event = { ...valid, dataschema: 'urn:notes:event:note.written:2.0' };
    expect(await refused(({ emit }) => emit(event))).toContain('version');
  });
});

it('an option that emit does not have does not compile', () => {
  // @ts-expect-error it is notBefore
  const options: Parameters<Transaction<Notes>['emit']>[1] = { notAfter: new Date() };
  expect(options).toBeDefined();
});

it('the data of an event keeps its type behind the registry', () => {
  const text: string = valid.data.text;
  // @ts-expect-error a text is not a number
  const number: number = valid.data.text;
  expect([text, number]).toEqual(['hello', 'hello']);
});
