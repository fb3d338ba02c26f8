import type { Fate, Point } from '../world/strikes.js';

/** The steps of the libraries and the messages to the servers, which every service passes. */
const STEPS: readonly Point[] = [
  'outbox.relay.claimed',
  'outbox.relay.publishing',
  'outbox.relay.acked',
  'outbox.relay.settling',
  'outbox.relay.settled',
  'inbox.recorded',
  'inbox.committed',
  'nats.publish.called',
  'nats.publish.acked',
  'nats.message.received',
  'nats.message.processed',
  'nats.message.acknowledged',
  'broker.publish',
  'broker.stored',
  'broker.delivery',
  'broker.acknowledgement',
  'database.begin:sent',
  'database.begin:done',
  'database.commit:sent',
  'database.commit:done',
];

/** Where a process may be ended, frozen, or cut off. */
export const STEP_POINTS: Readonly<Record<'transactions' | 'accounts', readonly Point[]>> = {
  transactions: [...STEPS, 'client.answer'],
  accounts: STEPS,
};

/** What may become of a message, by the point at which it is. */
export const MESSAGE_POINTS: readonly (readonly [point: Point, fates: readonly Fate[]])[] = [
  ['broker.publish', ['lost', 'reply lost', 'refused', 'twice', 'late']],
  ['broker.delivery', ['lost', 'twice', 'late']],
  ['broker.acknowledgement', ['lost']],
  ['database.begin:sent', ['lost', 'reply lost']],
  ['database.commit:sent', ['lost', 'reply lost']],
  ['client.answer', ['lost']],
];
