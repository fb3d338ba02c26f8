import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { pageOf, pageQuery } from './page.schema.js';

const query = z.strictObject(pageQuery(z.string().regex(/^[0-9]+$/)));
const show = { view: (row: number) => row, keyOf: (row: number) => String(row) };

describe('a page', () => {
  it('of fewer rows than one more than asked for is the last', () => {
    expect(pageOf([3, 2, 1], 3, show)).toEqual({ items: [3, 2, 1] });
    expect(pageOf([], 3, show)).toEqual({ items: [] });
  });

  it('names where the next one starts, as its own query reads it', () => {
    const { items, nextCursor } = pageOf([4, 3, 2, 1], 3, show);
    expect(items).toEqual([4, 3, 2]);
    expect(query.parse({ cursor: nextCursor, limit: '3' })).toEqual({ cursor: '2', limit: 3 });
  });

  it('has 50 items unless it says otherwise', () => {
    expect(query.parse({})).toEqual({ limit: 50 });
  });

  it.each([
    ['cursor', 'garbage'],
    ['cursor', ''],
    ['cursor', Buffer.from('"x"').toString('base64url')],
    ['cursor', Buffer.from('{"a":1}').toString('base64url')],
    ['cursor', 'a'.repeat(201)],
    ['limit', '0'],
    ['limit', '101'],
    ['limit', '1.5'],
    ['limit', ''],
    ['limit', 'all'],
  ])('is refused with %s %p, by name', (field, value) => {
    const issues = query.safeParse({ [field]: value }).error?.issues ?? [];
    expect(issues.map(({ path }) => path.join('.'))).toEqual([field]);
  });

  it('is refused with a parameter that nobody knows', () => {
    expect(query.safeParse({ offset: '1' }).success).toBe(false);
  });
});
