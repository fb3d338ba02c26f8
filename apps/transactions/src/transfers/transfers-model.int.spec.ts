import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RecordedLog } from '@app/nats/testing';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import fc from 'fast-check';
import { forgetAll, TransactionsInstance } from '../../testing/transactions-service.fixture.js';
import { ORDER } from '../../testing/transfers.fixture.js';
import type { TransferView } from './transfer.schema.js';
import type { TransferPage } from './transfer-list.schema.js';

jest.setTimeout(60_000);

let database: TestDatabase;
let transactions: TransactionsInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  // The events are stored, and nobody publishes them: they are counted.
  transactions = await TransactionsInstance.start(database, { OUTBOX_RELAY: 'off' });
  // Contradictions are logged, and here they are many.
  RecordedLog.start();
});
afterAll(async () => {
  await transactions.stop();
  await database.drop();
});

type Step =
  | { readonly does: 'order'; readonly key: number; readonly amount: number }
  | { readonly does: 'outcome'; readonly of: number; readonly status: 'posted' | 'rejected' }
  | { readonly does: 'reverse'; readonly of: number };

const steps = fc.array(
  fc.oneof(
    fc.record({
      does: fc.constant('order' as const),
      key: fc.nat(3),
      amount: fc.integer({ min: 1, max: 2 }),
    }),
    fc.record({
      does: fc.constant('outcome' as const),
      of: fc.nat(9),
      status: fc.constantFrom('posted' as const, 'rejected' as const),
    }),
    fc.record({ does: fc.constant('reverse' as const), of: fc.nat(9) }),
  ),
  { minLength: 1, maxLength: 20 },
);

interface Modelled {
  readonly id: string;
  readonly reversalOf: string | undefined;
  status: 'pending' | 'posted' | 'rejected';
}

/** What the service ought to have, kept as simply as can be. */
class Model {
  readonly transfers: Modelled[] = [];
  readonly keys = new Map<number, { readonly amount: number; readonly id: string }>();
  contradictions = 0;

  at(number: number): Modelled | undefined {
    return this.transfers[number % Math.max(1, this.transfers.length)];
  }

  mayReverse({ id, status, reversalOf }: Modelled): boolean {
    const stands = this.transfers.some((each) => each.reversalOf === id && each.status !== 'rejected');
    return status === 'posted' && reversalOf === undefined && !stands;
  }
}

async function order(model: Model, { key, amount }: Extract<Step, { does: 'order' }>): Promise<void> {
  const body = { ...ORDER, amountMinor: String(amount) };
  const answer = await transactions.post('/v1/transfers', body, { 'idempotency-key': `k${key}` });
  const known = model.keys.get(key);
  expect(answer.status).toBe(known && known.amount !== amount ? 422 : 202);
  if (answer.status === 422) return;
  const { id } = answer.json<TransferView>();
  if (known) return void expect(id).toBe(known.id);
  model.keys.set(key, { amount, id });
  model.transfers.push({ id, reversalOf: undefined, status: 'pending' });
}

async function settle(transfer: Modelled, status: 'posted' | 'rejected', model: Model): Promise<void> {
  await (status === 'posted'
    ? transactions.postedArrives(transfer.id)
    : transactions.rejectedArrives(transfer.id));
  if (transfer.status === 'pending') transfer.status = status;
  else if (transfer.status !== status) model.contradictions++;
}

async function reverse(transfer: Modelled, model: Model): Promise<void> {
  const answer = await transactions.post(`/v1/transfers/${transfer.id}/reversal`, {});
  expect(answer.status).toBe(model.mayReverse(transfer) ? 202 : 409);
  if (answer.status !== 202) return;
  model.transfers.push({ id: answer.json<TransferView>().id, reversalOf: transfer.id, status: 'pending' });
}

async function take(step: Step, model: Model): Promise<void> {
  if (step.does === 'order') return order(model, step);
  const transfer = model.at(step.of);
  if (!transfer) return;
  return step.does === 'reverse' ? reverse(transfer, model) : settle(transfer, step.status, model);
}

describe('any sequence of orders, repeats, outcomes, contradictions and reversals', () => {
  it('leaves the service as the model has it, with one event for each transfer', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        await forgetAll(transactions.dataSource);
        const model = new Model();
        for (const step of sequence) await take(step, model);
        const { items } = (await transactions.get('/v1/transfers?limit=100')).json<TransferPage>();
        const shown = items.map(({ id, status, reversalOf }) => ({ id, status, reversalOf }));
        const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
        expect(shown.toSorted(byId)).toEqual(model.transfers.toSorted(byId));
        const [counts] = await transactions.dataSource.query<[object]>(
          `select (select count(*)::int from outbox_message) as events,
                  (select count(*)::int from inbox_dead_letter) as letters`,
        );
        expect(counts).toEqual({ events: model.transfers.length, letters: model.contradictions });
      }),
      { numRuns: 25 },
    );
  });
});
