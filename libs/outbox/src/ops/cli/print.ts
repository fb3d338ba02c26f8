import { membersOf, tableOf } from './text.js';

type Members = Readonly<Record<string, unknown>>;

/** What a command gave, in the form of its JSON. */
export type Printable = Members;

/** Writes for a person what a command gave. */
export const PRINTERS = {
  list: ({ items, next }: Printable) => {
    const rows = (items as Members[]).map(({ state: _, ...item }) => item);
    return [
      ...(rows.length > 0 ? tableOf(rows) : ['nothing']),
      ...(next ? ['', `more: --after ${next as string}`] : []),
    ];
  },
  show: ({ envelope, payload, lane, ...message }: Printable) => [
    ...membersOf({ ...message, ...(lane !== undefined && { lane }) }),
    '',
    readable((envelope ?? payload) as string),
  ],
  requeue: ({ requeued }: Printable) => told('requeued', requeued as string[]),
  drop: ({ dropped }: Printable) => told('dropped', dropped as string[]),
  stats: ({ lanes, leases, parked, deadLetters, partitions, gaps, ...backlog }: Printable) => [
    ...membersOf({ ...backlog, ...(lanes as Members) }),
    ...section('leases', leases as Members[]),
    ...section('parked', parked as Members[]),
    ...section('dead letters', deadLetters as Members[]),
    ...section('open gaps', (gaps as { examples: Members[] }).examples),
    ...section('partitions', partitions as Members[]),
  ],
  replay: ({ replayed, more }: Printable) => [
    `${replayed as number} replayed${more ? '; more fit, and were left out by the limit' : ''}`,
  ],
  reconcile: ({ resent }: Printable) => told('sent again', resent as string[]),
} as const;

function told(what: string, ids: readonly string[]): string[] {
  return [`${ids.length} ${what}`, ...ids];
}

function section(title: string, rows: readonly Members[]): string[] {
  return rows.length === 0 ? ['', `${title}: none`] : ['', `${title}:`, ...tableOf(rows)];
}

/** An envelope is one line of JSON; what is none stays as it is. */
function readable(envelope: string): string {
  try {
    return JSON.stringify(JSON.parse(envelope), null, 2);
  } catch {
    return JSON.stringify(envelope);
  }
}
