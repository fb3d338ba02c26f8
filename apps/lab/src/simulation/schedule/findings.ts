import { audit } from '../../audit/audit.js';
import type { Bank } from '../bank/bank.js';
import type { StoredMessage } from '../broker/broker.js';
import { booksOf, committedRows, transferIdIn } from './books-of.js';
import type { Client } from './client.js';

/** What is wrong with a schedule: the promise that is broken, and in words what breaks it. */
export interface Finding {
  readonly promise:
    | 'lost'
    | 'stuck'
    | 'duplicated'
    | 'phantom'
    | 'imbalance'
    | 'reordered'
    | 'buried'
    | 'ordered twice'
    | 'told wrongly'
    | 'id used twice'
    | 'deadlock'
    | 'unhandled';
  readonly detail: string;
}

/** What a schedule is judged by when it is over. */
export interface Remains {
  readonly bank: Bank;
  readonly client: Client;
}

/** Everything that is wrong; nothing when all promises were kept. */
export function findingsOf(remains: Remains): Finding[] {
  return [
    ...auditFindings(remains),
    ...orderFindings(remains),
    ...clientFindings(remains),
    ...idFindings(remains),
  ];
}

function auditFindings({ bank }: Remains): Finding[] {
  const books = booksOf(bank);
  const { lost, stuck, duplicated, phantom, imbalances } = audit(books);
  const excused = forgottenTransfers(bank);
  const ids = (promise: Finding['promise'], transfers: readonly string[]): Finding[] =>
    transfers.map((id) => ({ promise, detail: `transfer ${id}` }));
  const unexcused = (transfers: readonly { id: string }[]) =>
    transfers.map(({ id }) => id).filter((id) => !excused.has(id));
  const buried = (['transactions', 'accounts'] as const).flatMap((name) =>
    committedRows(bank.databases[name], 'inbox_dead_letter').map((row): Finding => ({
      promise: 'buried',
      detail: `${name}: ${row['error'] as string}`,
    })),
  );
  return [
    ...ids('lost', unexcused(lost)),
    ...ids('stuck', unexcused(stuck)),
    ...ids(
      'duplicated',
      duplicated.map(({ id }) => id),
    ),
    ...ids(
      'phantom',
      phantom.map(({ id }) => id),
    ),
    ...imbalances.map((detail): Finding => ({ promise: 'imbalance', detail })),
    ...buried,
  ];
}

/** A broker that forgets what it has acknowledged loses it: of that nothing was promised. */
function forgottenTransfers({ broker }: Bank): ReadonlySet<string> {
  return new Set([...broker.forgotten].map(({ payload }) => transferIdIn(payload)));
}

/** The events of a key must have been stored first in the order of their numbers, without a gap. */
function orderFindings({ bank }: Remains): Finding[] {
  const seen = new Set<string>();
  const lastOfKey = new Map<string, number>();
  return bank.broker.history.flatMap((message): Finding[] => {
    const { id, source, partitionkey, sequence } = envelopeOf(message);
    if (seen.has(id) || sequence === undefined) return [];
    seen.add(id);
    const key = `${source} ${partitionkey}`;
    const expected = (lastOfKey.get(key) ?? 0) + 1;
    lastOfKey.set(key, Number(sequence));
    if (Number(sequence) === expected) return [];
    return [{ promise: 'reordered', detail: `${key}: ${Number(sequence)} came where ${expected} was due` }];
  });
}

function envelopeOf({ payload }: StoredMessage) {
  return JSON.parse(payload) as { id: string; source: string; partitionkey: string; sequence?: string };
}

/** What was accepted is recorded, once; what was refused is not. */
function clientFindings({ bank, client }: Remains): Finding[] {
  const recorded = new Set(
    committedRows(bank.databases.transactions, 'transfer').map(({ id }) => id as string),
  );
  const accepted = [...client.told].flatMap(([key, { transferId }]) =>
    transferId ? [{ key, transferId }] : [],
  );
  const findings = accepted
    .filter(({ transferId }) => !recorded.has(transferId))
    .map(({ key, transferId }): Finding => {
      return {
        promise: 'told wrongly',
        detail: `${key} was accepted as ${transferId}, which is not recorded`,
      };
    });
  const surplus = recorded.size - new Set(accepted.map(({ transferId }) => transferId)).size;
  if (client.done && surplus > 0) {
    findings.push({ promise: 'ordered twice', detail: `${surplus} transfers more than were accepted` });
  }
  return findings;
}

function idFindings({ bank }: Remains): Finding[] {
  const { transactions, accounts } = bank.databases;
  const ids = [
    ...committedRows(transactions, 'transfer').map(({ id }) => id),
    ...committedRows(transactions, 'outbox_message').map(({ id }) => id),
    ...committedRows(accounts, 'outbox_message').map(({ id }) => id),
    ...committedRows(accounts, 'posting').map(({ id }) => id),
  ];
  if (new Set(ids).size === ids.length) return [];
  return [{ promise: 'id used twice', detail: `${ids.length - new Set(ids).size} ids` }];
}
