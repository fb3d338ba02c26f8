import type { FindingKind } from './checks/finding.js';

/** Safeguards that are taken out together, and what a check must find then. */
export interface Experiment {
  /** Names of mutants. */
  readonly mutants: readonly string[];
  /** The name of the check that turns red. */
  readonly check: string;
  /** What it finds, in the order of the alphabet: these kinds, and no others. */
  readonly finds: readonly FindingKind[];
}

const REPEATED = 'before-acknowledging × outbox';
const CUT_SHORT = 'inbox-recorded × outbox';

/** What becomes of the bank without each safeguard. */
export const EXPERIMENTS: readonly Experiment[] = [
  { mutants: ['no-inbox'], check: REPEATED, finds: ['told twice'] },
  { mutants: ['no-inbox', 'ledger-without-claim'], check: REPEATED, finds: ['dead letter'] },
  {
    mutants: ['no-inbox', 'ledger-without-unique-transfer'],
    check: REPEATED,
    finds: ['duplicated', 'told twice'],
  },
  { mutants: ['inbox-outside-the-transaction'], check: CUT_SHORT, finds: ['disagreement', 'lost'] },
  { mutants: ['acknowledge-before-commit'], check: CUT_SHORT, finds: ['lost'] },
  { mutants: ['close-before-acknowledging'], check: 'stopped-while-handling', finds: ['delivered again'] },
  { mutants: ['settle-before-acknowledgement'], check: 'publish-cut × outbox', finds: ['lost'] },
  { mutants: ['settle-without-the-fence'], check: 'relay-that-overslept', finds: ['miscounted'] },
  { mutants: ['claim-of-event-rows'], check: 'two-relays-and-a-key', finds: ['out of order'] },
  { mutants: ['no-lock-per-key'], check: 'two-writers-of-a-key', finds: ['lost'] },
  { mutants: ['bare-cursor'], check: 'late-commit', finds: ['stuck'] },
  { mutants: ['trust-the-callback'], check: 'publish-cut × outbox', finds: ['lost'] },
  {
    mutants: ['publish-without-the-connected-gate'],
    check: 'publish-while-interrupted',
    finds: ['dead letter', 'phantom'],
  },
  { mutants: ['no-order-of-account-locks'], check: 'crossing-transfers', finds: ['deadlock'] },
  { mutants: ['no-idempotency-record'], check: 'committed × outbox', finds: ['ordered twice'] },
];
