import { channel } from 'node:diagnostics_channel';

/** The steps that announce themselves; each is a `node:diagnostics_channel` of this name. */
export const OUTBOX_STEPS = [
  'outbox.unit.begun',
  /** The callback has resolved: its rows are written, its events are not. */
  'outbox.unit.worked',
  /** The delivery strategy has done what it does before a commit: of `outbox`, the events are rows. */
  'outbox.unit.committing',
  'outbox.unit.committed',
  'outbox.relay.claimed',
  'outbox.relay.publishing',
  'outbox.relay.acked',
  'outbox.relay.failed',
  'outbox.relay.settling',
  'outbox.relay.settled',
  'outbox.relay.fenced',
  'outbox.relay.parked',
  'outbox.relay.recovered',
  'outbox.relay.paused',
  'outbox.relay.resumed',
  'inbox.recorded',
  'inbox.committed',
  'inbox.repeated',
  'inbox.out-of-order',
  'inbox.gap-opened',
  'inbox.gap-closed',
  'retention.made',
  'retention.dropped',
  'retention.postponed',
  'outbox.ops.dropped',
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
