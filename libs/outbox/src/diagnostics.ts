import { channel } from 'node:diagnostics_channel';

/** The steps that announce themselves; each is a `node:diagnostics_channel` of this name. */
export const OUTBOX_STEPS = [
  'outbox.relay.claimed',
  'outbox.relay.acked',
  'outbox.relay.failed',
  'outbox.relay.settled',
  'outbox.relay.fenced',
  'inbox.recorded',
  'inbox.committed',
  'inbox.repeated',
] as const;

/** One of {@link OUTBOX_STEPS}. */
export type OutboxStep = (typeof OUTBOX_STEPS)[number];

const channels = Object.fromEntries(OUTBOX_STEPS.map((step) => [step, channel(step)])) as Record<
  OutboxStep,
  ReturnType<typeof channel>
>;

/** Says that a step was reached. Without a subscriber it costs one look-up. */
export function announce(step: OutboxStep, detail: object): void {
  const stepChannel = channels[step];
  if (stepChannel.hasSubscribers) stepChannel.publish(detail);
}
