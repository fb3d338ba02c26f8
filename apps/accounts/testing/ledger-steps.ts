import { AUTHORITIES, systemAccountId, type Authority } from '@app/contracts';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import type { StatusChange } from '../src/accounts/change-status.js';
import type { RequestedTransfer } from '../src/ledger/decide-transfer.js';

const OWNERS = ['ada', 'bob'] as const;
const CURRENCIES = ['EUR', 'EUR', 'EUR', 'JPY'] as const;
/** What a step takes at most from an account: openings give as much, so that the funds run out now and then. */
const AMOUNT_MAX = 100n;

/** Something that happens to the ledger. Accounts and transfers are named by their number, counted round. */
export type Step =
  | { readonly does: 'open'; readonly owner: string; readonly currency: string; readonly amountMinor: bigint }
  | {
      readonly does: 'transfer' | 'deposit' | 'withdrawal';
      readonly debit: number;
      readonly credit: number;
      readonly amountMinor: bigint;
      readonly currency: string;
      readonly authority: Authority;
      readonly requestedBy: string;
    }
  | { readonly does: 'reversal' | 'repeat'; readonly of: number }
  | { readonly does: StatusChange; readonly account: number };

const number = fc.nat({ max: 11 });
const amountMinor = fc.bigInt({ min: 1n, max: AMOUNT_MAX });
const owner = fc.constantFrom(...OWNERS);
const currency = fc.constantFrom(...CURRENCIES);

const opening = fc.record({
  does: fc.constant('open' as const),
  owner,
  currency,
  amountMinor: fc.bigInt({ min: 0n, max: AMOUNT_MAX }),
});
const order = fc.record({
  does: fc.constantFrom('transfer', 'transfer', 'transfer', 'deposit', 'withdrawal'),
  debit: number,
  credit: number,
  amountMinor,
  currency,
  authority: fc.constantFrom(...AUTHORITIES),
  requestedBy: owner,
});
const again = fc.record({ does: fc.constantFrom('reversal', 'repeat'), of: number });
const status = fc.record({
  does: fc.constantFrom('freeze', 'unfreeze', 'unfreeze', 'close'),
  account: number,
});

/** Any sequence of steps, behind some accounts to take them. */
export function ledgerSteps(lengthMax: number): fc.Arbitrary<Step[]> {
  const first = fc.array(opening, { minLength: 3, maxLength: 6 });
  const further = fc.oneof(
    { weight: 1, arbitrary: opening },
    { weight: 10, arbitrary: order },
    { weight: 4, arbitrary: again },
    { weight: 3, arbitrary: status },
  );
  return fc.tuple(first, fc.array(further, { maxLength: lengthMax })).map((parts) => parts.flat() as Step[]);
}

/** The accounts and transfers that there are so far: what a step's numbers name. */
export class LedgerCast {
  readonly accountIds: string[] = [];
  readonly requests: RequestedTransfer[] = [];

  /** What a step asks the ledger to settle; undefined if it is none that does, or of nothing. */
  requestOf(step: Step): RequestedTransfer | undefined {
    switch (step.does) {
      case 'transfer':
      case 'deposit':
      case 'withdrawal':
        return this.added(this.ordered(step));
      case 'reversal':
        return this.reversed(this.requests[step.of % (this.requests.length || 1)]);
      case 'repeat':
        return this.requests[step.of % (this.requests.length || 1)];
      case 'open':
      case 'freeze':
      case 'unfreeze':
      case 'close':
        return undefined;
    }
  }

  accountId(number: number): string {
    return this.accountIds[number % this.accountIds.length] as string;
  }

  private ordered(step: Extract<Step, { readonly debit: number }>): RequestedTransfer {
    const { does, debit, credit, ...rest } = step;
    const system = systemAccountId(step.currency);
    return {
      ...rest,
      kind: does,
      transferId: uuidv7(),
      debitAccountId: does === 'deposit' ? system : this.accountId(debit),
      creditAccountId: does === 'withdrawal' ? system : this.accountId(credit),
    };
  }

  private reversed(original: RequestedTransfer | undefined): RequestedTransfer | undefined {
    if (!original) return undefined;
    return this.added({
      ...original,
      transferId: uuidv7(),
      kind: 'reversal',
      authority: 'bank',
      debitAccountId: original.creditAccountId,
      creditAccountId: original.debitAccountId,
    });
  }

  private added(request: RequestedTransfer): RequestedTransfer {
    this.requests.push(request);
    return request;
  }
}
