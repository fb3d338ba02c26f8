import { describe, expect, it } from '@jest/globals';
import { reconciliationQuerySchema } from './reconciliation.schema.js';

describe('the span of a reconciliation', () => {
  it('is everything unless it says otherwise', () => {
    expect(reconciliationQuerySchema.parse({})).toEqual({ from: new Date(0) });
  });

  it('is taken with any offset', () => {
    const { from, to } = reconciliationQuerySchema.parse({
      from: '2026-01-02T03:04:05.678+01:00',
      to: '2026-01-02T03:04:05Z',
    });
    expect([from.toISOString(), to?.toISOString()]).toEqual([
      '2026-01-02T02:04:05.678Z',
      '2026-01-02T03:04:05.000Z',
    ]);
  });

  it.each([
    'yesterday',
    '',
    '2026-01-02',
    '2026-01-02T03:04:05',
    '0000-01-01T00:00:00Z',
    '1969-12-31T23:59:59.999Z',
    '9999-12-31T23:59:59-23:59',
    '2026-02-30T00:00:00Z',
  ])('is refused from and to %p, which no database takes', (time) => {
    const issues = reconciliationQuerySchema.safeParse({ from: time, to: time }).error?.issues ?? [];
    expect(issues.map(({ path }) => path.join('.'))).toEqual(['from', 'to']);
  });
});
