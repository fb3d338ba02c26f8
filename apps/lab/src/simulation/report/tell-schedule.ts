import { asMermaid, asText } from '../../matrix/tell-story.js';
import type { Event } from '../../matrix/story.js';
import { describeFault } from '../faults/fault.js';
import type { Finding } from '../schedule/findings.js';
import type { StoryLine } from '../world/trace.js';
import type { PlayedSeed } from '../workers/play-seeds.js';

/** The columns of the diagram, from the left to the right, as far as they take part. */
const COLUMNS = [
  'client',
  'transactions-1',
  'transactions-2',
  'transactions-db',
  'broker',
  'accounts-1',
  'accounts-2',
  'accounts-db',
];

/** What relays send without pause; that they found something, a step says. */
const POLLING = /^(update outbox_lane, insert outbox_lease|delete outbox_lease, update outbox_lane)( done)?$/;

/**
 * A schedule as a story: what was planned, what happened, as text and as a diagram, and what was found.
 * @param seed of the plan from which this one was made
 */
export function tellSchedule({ plan, report }: PlayedSeed, seed = plan.seed): string {
  const { orders, instances, faults } = plan;
  const events = report.story.filter((line) => !isPolling(line)).map(eventOf);
  const present = new Set(report.story.flatMap(({ from, to }) => [from, to]));
  return [
    `Seed ${seed}: ${count(orders.length, 'order')}, ${count(instances.transactions, 'process')} of ` +
      `transactions and ${instances.accounts} of accounts, ${count(faults.length, 'fault')}`,
    ...faults.map((fault, index) => {
      return `  ${describeFault(fault)}${report.struck.includes(index) ? '' : ' (did not strike)'}`;
    }),
    '',
    asText(events),
    '',
    asMermaid(
      events,
      COLUMNS.filter((name) => present.has(name)),
    ),
    '',
    findingLines(report.findings),
    `history ${report.hash}, ${(report.elapsedMs / 1_000).toFixed(1)} s of virtual time`,
  ].join('\n');
}

/** A line for each finding, or one that says that there is none. */
export function findingLines(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nothing was found';
  return findings.map(({ kind, text }) => `${kind}: ${text}`).join('\n');
}

function isPolling({ text }: StoryLine): boolean {
  return POLLING.test(text);
}

function eventOf({ atMs, from, to, text }: StoryLine): Event<string> {
  return from === to ? { kind: 'note', atMs, over: from, text } : { kind: 'message', atMs, from, to, text };
}

function count(number: number, what: string): string {
  if (number === 1) return `1 ${what}`;
  return `${number} ${what}${what.endsWith('s') ? 'es' : 's'}`;
}
