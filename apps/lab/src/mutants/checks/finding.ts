import type { Audit } from '../../audit/audit.js';
import type { Books } from '../../audit/books.js';
import { groupBy } from '../../audit/group-by.js';
import { publishedOutOfOrder } from '../../audit/order.js';

/** What a check found wrong. */
export interface Finding {
  /**
   * - `lost`, `phantom`, `duplicated`, `stuck`: as the auditor calls them.
   * - `dead letter`: a message that could not be handled.
   * - `told twice`: an outcome that was announced under two ids.
   * - `ordered twice`: a transfer that no key of a client stands for.
   * - `out of order`: an event that was first published after a later one of its key.
   * - `miscounted`: an event that was published more or less often than its outbox says.
   * - `deadlock`: a transaction that the database broke off.
   * - `delivered again`: a message that a process which was asked to stop has left to its successor.
   * - `disagreement`, `imbalance`: everything else that the auditor sees.
   */
  readonly kind: FindingKind;
  readonly text: string;
}

export type FindingKind =
  | 'lost'
  | 'phantom'
  | 'duplicated'
  | 'stuck'
  | 'dead letter'
  | 'told twice'
  | 'ordered twice'
  | 'out of order'
  | 'miscounted'
  | 'deadlock'
  | 'delivered again'
  | 'disagreement'
  | 'imbalance';

const DAMAGES = ['lost', 'phantom', 'duplicated', 'stuck'] as const;
/** What the auditor says of what has a name of its own here. */
const NAMED: readonly (readonly [RegExp, FindingKind])[] = [
  [/^a dead letter of /, 'dead letter'],
  [/ is recorded under 0 keys$/, 'ordered twice'],
];

/** Everything that is wrong in the books of a bank at rest. */
export function findingsIn(books: Books, audit: Audit): Finding[] {
  return [
    ...DAMAGES.flatMap((kind) => audit[kind].map(({ because }) => ({ kind, text: because }))),
    ...audit.disagreements.map((text) => ({ kind: kindOf(text), text })),
    ...audit.imbalances.map((text) => ({ kind: 'imbalance' as const, text })),
    ...toldTwice(books),
    ...publishedOutOfOrder(books.channels?.events ?? []).map((text) => ({
      kind: 'out of order' as const,
      text,
    })),
  ];
}

/** The kinds of findings, each once, in the order of the alphabet. */
export function kindsOf<Kind extends string>(findings: readonly { readonly kind: Kind }[]): Kind[] {
  return [...new Set(findings.map(({ kind }) => kind))].sort();
}

function kindOf(disagreement: string): FindingKind {
  return NAMED.find(([pattern]) => pattern.test(disagreement))?.[1] ?? 'disagreement';
}

function toldTwice({ outbox }: Books): Finding[] {
  const outcomes = groupBy(outbox.accounts, ({ transferId }) => transferId);
  return [...outcomes]
    .map(([transferId, events]) => [transferId, new Set(events.map(({ id }) => id)).size] as const)
    .filter(([, times]) => times > 1)
    .map(([transferId, times]) => ({
      kind: 'told twice',
      text: `the outcome of transfer ${transferId} was told ${times} times`,
    }));
}
