import { randomFrom } from '../parts/random.js';

/** An account that takes part. */
export interface LoadAccount {
  readonly id: string;
  readonly currency: string;
}

/** What the client does with an order besides sending it. */
export type Afterthought = 'none' | 'repeat' | 'reverse';

/** One order that a client is going to send. */
export interface LoadOrder {
  /** Its place in the plan, from 0. */
  readonly number: number;
  readonly kind: 'transfer' | 'deposit' | 'withdrawal';
  readonly key: string;
  readonly body: Readonly<Record<string, string>>;
  readonly afterthought: Afterthought;
}

/** So many accounts have another currency, to the others: orders between the two are refused. */
const OTHER_CURRENCY_EVERY = 5;
/** What every account begins with. */
const OPENING_BALANCE_MINOR = 100_000;
/** Not so small that every transfer can be paid. */
const AMOUNT_MINOR_MAX = 60_000;
/** In a hundred: the other orders are transfers. */
const DEPOSITS = 8;
const WITHDRAWALS = 7;
const REPEATS = 5;
const REVERSALS = 5;
/** One transfer in so many goes to any account, of whatever currency. */
const ANY_CURRENCY_EVERY = 20;
/** One transfer in so many goes to nobody. */
const NOBODY_EVERY = 100;
/** The account of nobody. */
const NOBODY = '019a0000-0000-7000-8000-000000000000';

/** The bodies that open the accounts. */
export function accountOpenings(count: number): readonly Readonly<Record<string, string>>[] {
  return Array.from({ length: count }, (_, index) => ({
    owner: `Customer ${index + 1}`,
    currency: index % OTHER_CURRENCY_EVERY === 0 ? 'JPY' : 'EUR',
    openingBalanceMinor: String(OPENING_BALANCE_MINOR),
  }));
}

/** Writes the orders of a run. The same seed and accounts give the same orders. */
export function writeLoad(accounts: readonly LoadAccount[], count: number, seed: number): LoadOrder[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, number) => {
    const account = pick(accounts, random);
    const kind = kindOf(random(100));
    const amount = { amountMinor: String(1 + random(AMOUNT_MINOR_MAX)), currency: account.currency };
    const body =
      kind === 'transfer'
        ? { debitAccountId: account.id, creditAccountId: payeeOf(account, accounts, random), ...amount }
        : { accountId: account.id, ...amount };
    return { number, kind, key: `load-${seed}-${number}`, body, afterthought: afterthoughtOf(random(100)) };
  });
}

function kindOf(percentile: number): LoadOrder['kind'] {
  if (percentile < DEPOSITS) return 'deposit';
  return percentile < DEPOSITS + WITHDRAWALS ? 'withdrawal' : 'transfer';
}

function afterthoughtOf(percentile: number): Afterthought {
  if (percentile < REPEATS) return 'repeat';
  return percentile < REPEATS + REVERSALS ? 'reverse' : 'none';
}

function payeeOf(
  debit: LoadAccount,
  accounts: readonly LoadAccount[],
  random: (below: number) => number,
): string {
  if (random(NOBODY_EVERY) === 0) return NOBODY;
  const any = random(ANY_CURRENCY_EVERY) === 0;
  const others = accounts.filter(
    ({ id, currency }) => id !== debit.id && (any || currency === debit.currency),
  );
  return pick(others, random).id;
}

function pick<Item>(items: readonly Item[], random: (below: number) => number): Item {
  const item = items[random(items.length)];
  if (item === undefined) throw new RangeError('there is nothing to pick from');
  return item;
}
