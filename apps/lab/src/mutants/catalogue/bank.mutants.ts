import type { Mutant } from '../mutant.js';

const LEDGER_CLAIM = {
  file: 'apps/accounts/src/ledger/sql/post-transfer.ts',
  within: 'POST',
  language: 'sql',
  find: 'where $3::uuid is null or exists (select from settlement)',
  replace: '',
} as const;

/** What the bank itself sees to. */
export const BANK_MUTANTS: readonly Mutant[] = [
  {
    name: 'ledger-without-claim',
    safeguard:
      'the claim of a settlement: a transfer that has ended is not ended again, and its outcome is told anew',
    edits: [LEDGER_CLAIM],
    breaks:
      'a transfer that is handled twice runs into the unique key of its posting, and its message is dead',
  },
  {
    name: 'ledger-without-unique-transfer',
    safeguard: 'the unique key: the database takes one posting of a transfer, whatever the service does',
    edits: [
      LEDGER_CLAIM,
      {
        file: 'apps/accounts/src/ledger/create-ledger.migration.ts',
        within: 'CreateLedger1767225600002.up',
        language: 'sql',
        find: `transfer_id uuid unique check ((transfer_id is not null) = (kind = 'transfer')),`,
        replace: `transfer_id uuid check ((transfer_id is not null) = (kind = 'transfer')),`,
      },
    ],
    breaks: 'a transfer that is handled twice is posted twice',
  },
  {
    name: 'no-order-of-account-locks',
    safeguard: 'accounts are locked in the order of their ids',
    edits: [
      {
        file: 'apps/accounts/src/ledger/sql/lock-accounts.ts',
        within: 'LOCK_ACCOUNTS',
        language: 'sql',
        find: 'order by id for no key update',
        replace: 'order by array_position($1::uuid[], id) for no key update',
      },
    ],
    breaks: 'two transfers that cross each other wait for each other, until the database breaks one off',
  },
  {
    name: 'no-idempotency-record',
    safeguard: 'a request is recorded under its Idempotency-Key in the transaction of the transfer',
    edits: [
      {
        file: 'apps/transactions/src/idempotency/idempotency-records.ts',
        within: 'RECORD_KEY',
        language: 'sql',
        find: 'where existing.expires_at <= clock_timestamp() returning 1',
        replace: 'returning 1',
      },
    ],
    breaks: 'a client that asks again, since no answer came, has ordered twice',
  },
];
