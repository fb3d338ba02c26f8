import { describe, expect, it } from '@jest/globals';
import type { Event } from './story.js';
import { asMermaid, asText } from './tell-story.js';

const EVENTS: readonly Event[] = [
  { atMs: 1, kind: 'message', from: 'client', to: 'transactions', text: 'POST /v1/transfers' },
  { atMs: 1_250, kind: 'note', over: 'transactions', text: 'its process ends (SIGKILL)' },
  { atMs: 1_300, kind: 'knowledge', text: 'transactions: T1 pending | accounts: nothing' },
];

describe('a story', () => {
  it('has a line for each event, with its time', () => {
    expect(asText(EVENTS).split('\n')).toEqual([
      '   +0.001 s  client → transactions: POST /v1/transfers',
      '   +1.250 s  transactions: its process ends (SIGKILL)',
      '   +1.300 s     known by now | transactions: T1 pending | accounts: nothing',
    ]);
  });

  it('is a sequence diagram, with no text that would end a line of it', () => {
    const diagram = asMermaid([
      ...EVENTS,
      { atMs: 2_000, kind: 'note', over: 'accounts db', text: 'a; b #1' },
    ]);
    expect(diagram.split('\n').slice(-6)).toEqual([
      '  participant accounts_db as accounts db',
      '  client->>transactions: POST /v1/transfers',
      '  Note over transactions: its process ends (SIGKILL)',
      '  Note over transactions,accounts_db: transactions: T1 pending<br/>accounts: nothing',
      '  Note over accounts_db: a, b 1',
      '```',
    ]);
  });
});
