import { channel } from 'node:diagnostics_channel';

/**
 * The steps that announce themselves; each is a `node:diagnostics_channel` of this name. The order is that in
 * which one connection, one publish and one message reach them.
 */
export const NATS_STEPS = [
  'nats.connection.connecting',
  'nats.connection.connected',
  'nats.connection.interrupted',
  'nats.connection.resumed',
  'nats.connection.lost',
  'nats.connection.closed',
  /** The publish was handed to the client: nothing has left the process. */
  'nats.publish.called',
  /** The message's bytes are the operating system's: a kill of this process does not hold them back. */
  'nats.publish.sent',
  'nats.publish.acked',
  'nats.publish.refused',
  'nats.publish.unknown',
  'nats.message.received',
  'nats.message.processed',
  'nats.message.failed',
  /** The handler has run for as long as the broker waits: the message is being delivered again. */
  'nats.message.overdue',
  /** The acknowledgement was handed to the client. */
  'nats.message.acknowledged',
  'nats.message.buried',
] as const;

/** One of {@link NATS_STEPS}. */
export type NatsStep = (typeof NATS_STEPS)[number];

const channels = Object.fromEntries(NATS_STEPS.map((step) => [step, channel(step)])) as Record<
  NatsStep,
  ReturnType<typeof channel>
>;

/** Whether anybody listens to a step: asked before a step that costs something to observe. */
export function isObserved(step: NatsStep): boolean {
  return channels[step].hasSubscribers;
}

/** Says that a step was reached. Without a subscriber it costs one look-up. */
export function announce(step: NatsStep, detail: object): void {
  const stepChannel = channels[step];
  if (stepChannel.hasSubscribers) stepChannel.publish(detail);
}
