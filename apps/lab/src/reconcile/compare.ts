import { z } from 'zod';

const total = z.object({ count: z.int().min(0), amountMinor: z.string().regex(/^\d+$/) });

/** What `GET /v1/reconciliation` answers, on either service. */
export const reconciliationSchema = z.object({
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
  closedUntil: z.iso.datetime({ offset: true }),
  closed: z.boolean(),
  currencies: z.array(
    z.object({ currency: z.string(), posted: total, rejected: total, pending: total.optional() }),
  ),
});

/** One service's counts and sums over a span of request times. */
export type Reconciliation = z.output<typeof reconciliationSchema>;

type Total = z.output<typeof total>;

const NOTHING: Total = { count: 0, amountMinor: '0' };

/**
 * Says where the two services do not agree, one sentence each. Pure.
 *
 * @returns empty when every transfer of the span has the same outcome on both sides, and none is pending
 */
export function differences(transactions: Reconciliation, accounts: Reconciliation): string[] {
  const found: string[] = [];
  if (transactions.from !== accounts.from || transactions.to !== accounts.to) {
    found.push(`the spans differ: ${spanOf(transactions)} and ${spanOf(accounts)}`);
  }
  for (const [name, { closed, closedUntil }] of Object.entries({ transactions, accounts })) {
    if (!closed)
      found.push(`${name} may still get transfers of this span: it is closed until ${closedUntil}`);
  }
  const codes = [transactions, accounts].flatMap(({ currencies }) =>
    currencies.map(({ currency }) => currency),
  );
  for (const code of [...new Set(codes)].toSorted()) {
    const [here, there] = [transactions, accounts].map(({ currencies }) =>
      currencies.find(({ currency }) => currency === code),
    );
    for (const outcome of ['posted', 'rejected'] as const) {
      const [one, other] = [here?.[outcome] ?? NOTHING, there?.[outcome] ?? NOTHING];
      if (one.count === other.count && one.amountMinor === other.amountMinor) continue;
      found.push(`${code} ${outcome}: transactions has ${textOf(one)}, accounts has ${textOf(other)}`);
    }
    const pending = here?.pending ?? NOTHING;
    if (pending.count > 0) found.push(`${code} pending: transactions waits for ${textOf(pending)}`);
  }
  return found;
}

function textOf({ count, amountMinor }: Total): string {
  return `${count} (${amountMinor})`;
}

function spanOf({ from, to }: Reconciliation): string {
  return `${from} to ${to}`;
}
