import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../faults/fault.js';
import type { FindingKind } from '../schedule/findings.js';
import { CALM, type Plan } from '../schedule/plan.js';
import { describeShrinking, shrink, type Played } from './shrink.js';

const kill = (by: string, occurrence: number): Fault => ({
  when: { point: 'broker.publish', by, occurrence },
  upon: by,
  blow: { kind: 'kill', restartMs: 1 },
});
const order = (key: string): Plan['orders'][number] => ({
  key,
  atMs: 0,
  order: { kind: 'deposit', accountId: 'a', amountMinor: '1', currency: 'EUR' },
  instance: 0,
});
const PLAN: Plan = {
  seed: 7,
  orders: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(order),
  faults: [kill('accounts-1', 2), kill('transactions-1', 4), kill('accounts-2', 1)],
  instances: { transactions: 2, accounts: 2 },
  delivery: 'outbox',
  weather: { ...CALM, slowPercent: 50 },
  relay: { leaseMs: 1_000, lanesMax: 1, runMax: 1 },
  nats: { NATS_ON_CONNECTION_LOST: 'exit' },
};
const CHOICES = 100;

type Report = Played['report'];

/** Runs plans that fail when something holds, and remembers them. */
function bank(fails: (plan: Plan) => boolean, kinds: (plan: Plan) => FindingKind[] = () => ['lost']) {
  const played: Plan[] = [];
  const run = (plan: Plan): Promise<Report> => {
    played.push(plan);
    return Promise.resolve({
      findings: fails(plan) ? kinds(plan).map((kind) => ({ kind, text: '' })) : [],
      choices: Math.min(CHOICES, plan.choicesMax ?? CHOICES),
      struck: plan.faults.flatMap(({ upon }, index) => (upon === 'accounts-2' ? [] : [index])),
    });
  };
  const shrunk = async (triesMax = 1_000) =>
    shrink({ plan: PLAN, report: await run(PLAN) }, { run, triesMax });
  return { played, run, shrunk };
}

const keysOf = ({ orders }: Plan) => orders.map(({ key }) => key).join('');
const timesOf = (plan: Plan, by: string) =>
  plan.faults.flatMap(({ upon, when }) => (upon === by && 'occurrence' in when ? [when.occurrence] : []));

describe('a plan that fails', () => {
  it('keeps only what it fails by', async () => {
    const needed = (plan: Plan) =>
      /b.*f/.test(keysOf(plan)) &&
      timesOf(plan, 'transactions-1').some((times) => times >= 2) &&
      (plan.choicesMax ?? CHOICES) >= 37;
    const { plan } = await bank(needed).shrunk();
    expect(keysOf(plan)).toBe('bf');
    expect(plan.faults).toEqual([kill('transactions-1', 2)]);
    expect(plan.instances).toEqual({ transactions: 1, accounts: 1 });
    expect(plan.weather).toBe(CALM);
    expect(plan.choicesMax).toBe(37);
  });

  it('loses faults that did not strike in one try, and those of an instance with the instance', async () => {
    const { played, shrunk } = bank(({ faults }) => faults.some(({ upon }) => upon === 'transactions-1'));
    await shrunk();
    expect(played[1]?.faults).toEqual(PLAN.faults.slice(0, 2));
    const gone = played.filter(({ instances }) => instances.accounts === 1);
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.flatMap(({ faults }) => faults.filter(({ upon }) => upon === 'accounts-2'))).toEqual([]);
  });

  it('fails in the same way as before: another finding does not count', async () => {
    const kinds = (plan: Plan): FindingKind[] => (keysOf(plan).includes('c') ? ['stuck', 'lost'] : ['lost']);
    const { plan } = await bank(() => true, kinds).shrunk();
    expect(keysOf(plan)).toBe('c');
  });

  it('is tried with the ways of other seeds, too', async () => {
    const { plan } = await bank(
      (tried) => keysOf(tried).includes('g') && (keysOf(tried) === 'abcdefg' || tried.seed === 9),
    ).shrunk();
    expect([keysOf(plan), plan.seed]).toEqual(['g', 9]);
  });

  it('is run no more often than it may be, and no plan twice', async () => {
    const few = bank(() => true);
    expect((await few.shrunk(3)).tries).toBe(3);
    expect(few.played).toHaveLength(1 + 3);
    const { played, shrunk } = bank((plan) => keysOf(plan).includes('a'));
    await shrunk();
    const texts = played.slice(1).map((plan) => JSON.stringify(plan));
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('is told with what was taken away', async () => {
    const { run, shrunk } = bank((plan) => keysOf(plan).includes('a'));
    const whole = { plan: PLAN, report: await run(PLAN) };
    expect(describeShrinking(whole, await shrunk())).toMatch(
      /^made smaller in \d+ tries: orders 7 → 1, faults 3 → 0, processes 4 → 2, choices 100 → 0, rough weather → calm$/,
    );
    expect(describeShrinking(whole, { ...whole, tries: 9 })).toBe('made smaller in 9 tries: nothing can go');
  });
});
