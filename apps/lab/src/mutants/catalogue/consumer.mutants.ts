import type { Mutant } from '../mutant.js';

/** What a consumer does with a message. */
export const CONSUMER_MUTANTS: readonly Mutant[] = [
  {
    name: 'no-inbox',
    safeguard: 'the inbox: a message that was handled is not handled again',
    edits: [
      {
        file: 'libs/outbox/src/inbox/inbox.ts',
        within: 'Inbox.process',
        language: 'code',
        find: `if (recorded.repeats > 0) return 'repeated';`,
        replace: '',
      },
    ],
    breaks: 'a message that comes twice is handled twice: only the ledger stands between it and the money',
  },
  {
    name: 'inbox-outside-the-transaction',
    safeguard: "the inbox's record is committed with what the handler does, or not at all",
    edits: [
      {
        file: 'libs/outbox/src/inbox/inbox.ts',
        within: 'Inbox.process',
        language: 'code',
        find: 'const recorded = await recordInInbox(this.tables.on(transaction.manager), event);',
        replace: 'const recorded = await recordInInbox(this.tables.on(this.dataSource), event);',
      },
    ],
    breaks: 'a message whose handler is cut short is taken for one that was handled, and never handled',
  },
  {
    name: 'acknowledge-before-commit',
    safeguard: 'a message is acknowledged when its handler has committed',
    edits: [
      {
        file: 'libs/nats/src/durable-subscription.ts',
        within: 'DurableSubscription.handle',
        language: 'code',
        find: 'await this.handler(busMessage);',
        replace: 'message.ack(); await this.handler(busMessage);',
      },
    ],
    breaks: 'the broker forgets a message whose handler is cut short',
  },
  {
    name: 'close-before-acknowledging',
    safeguard: 'a process that stops waits for its running handlers before it closes its connection',
    edits: [
      {
        file: 'libs/nats/src/durable-subscription.ts',
        within: 'DurableSubscription.drain',
        language: 'code',
        find: 'await Promise.all(this.running);',
        replace: '',
      },
    ],
    breaks: 'every rolling restart delivers again what was being handled',
  },
];
