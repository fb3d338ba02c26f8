import { describe, expect, it } from '@jest/globals';
import { differences, type Reconciliation } from './compare.js';

const SPAN = {
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-02T00:00:00.000Z',
  closedUntil: '2026-01-03T00:00:00.000Z',
  closed: true,
};
const EUR = {
  currency: 'EUR',
  posted: { count: 2, amountMinor: '300' },
  rejected: { count: 1, amountMinor: '50' },
};
const of = (
  currencies: Reconciliation['currencies'],
  more: Partial<Reconciliation> = {},
): Reconciliation => ({
  ...SPAN,
  currencies,
  ...more,
});

describe('two services', () => {
  it('agree when every outcome has the same count and the same sum', () => {
    const pending = { count: 0, amountMinor: '0' };
    expect(differences(of([{ ...EUR, pending }]), of([EUR]))).toEqual([]);
  });

  it('agree when nothing was requested', () => {
    expect(differences(of([]), of([]))).toEqual([]);
  });

  it.each(['posted', 'rejected'] as const)('disagree when one has %s what the other has not', (outcome) => {
    const { count, amountMinor } = EUR[outcome];
    const more = { ...EUR, [outcome]: { count: count + 1, amountMinor } };
    expect(differences(of([EUR]), of([more]))).toEqual([
      `EUR ${outcome}: transactions has ${count} (${amountMinor}), accounts has ${count + 1} (${amountMinor})`,
    ]);
  });

  it('disagree about the same count of other amounts', () => {
    const other = { ...EUR, posted: { count: 2, amountMinor: '301' } };
    expect(differences(of([EUR]), of([other]))).toEqual([
      'EUR posted: transactions has 2 (300), accounts has 2 (301)',
    ]);
  });

  it('disagree about a currency that one of them does not know', () => {
    expect(differences(of([EUR]), of([]))).toEqual([
      'EUR posted: transactions has 2 (300), accounts has 0 (0)',
      'EUR rejected: transactions has 1 (50), accounts has 0 (0)',
    ]);
  });

  it('do not agree while something is pending', () => {
    const pending = { count: 1, amountMinor: '7' };
    expect(differences(of([{ ...EUR, pending }]), of([EUR]))).toEqual([
      'EUR pending: transactions waits for 1 (7)',
    ]);
  });

  it('cannot be compared over different spans', () => {
    const [found] = differences(of([]), of([], { to: SPAN.closedUntil }));
    expect(found).toContain('the spans differ');
  });

  it('cannot be compared over a span that is not closed', () => {
    expect(differences(of([]), of([], { closed: false }))).toEqual([
      `accounts may still get transfers of this span: it is closed until ${SPAN.closedUntil}`,
    ]);
  });
});
