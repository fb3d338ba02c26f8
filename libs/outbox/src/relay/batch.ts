import { withSequence, type MessageBus } from '@app/nats';
import { announce } from '../diagnostics.js';
import type { ClaimedLane } from '../sql/claim-lanes.js';
import type { PendingMessage } from '../sql/read-runs.js';
import type { Settlement } from '../sql/settle-lanes.js';
import { LaneRun, type LaneResult, type RunRules } from './lane-run.js';

/** What a relay holds between a claim and its settlement. */
export interface Batch {
  /** Fences the batch: only who holds the lanes under this token may settle them. */
  readonly leaseToken: string;
  /** When the lease ends, by this process's monotonic clock: no later than the database thinks. */
  readonly leaseEndsAt: number;
  readonly lanes: readonly ClaimedLane[];
  readonly runs: ReadonlyMap<string, readonly PendingMessage[]>;
}

/** What a batch came to. */
export interface BatchResult {
  readonly lanes: readonly LaneResult[];
  readonly messages: number;
  readonly acked: number;
  /** Whether a publish found no broker, and none found one. */
  readonly outage: boolean;
}

/** What publishing a batch needs. */
export interface Publisher extends RunRules {
  readonly bus: MessageBus;
  /** No further message of a run is published once it is aborted; what is in flight is awaited. */
  readonly stop: AbortSignal;
}

/**
 * Publishes a batch: lanes side by side, the messages of a lane one after the other. It never rejects, since every
 * failure of a publish is a fact that is settled.
 */
export async function publishBatch(batch: Batch, publisher: Publisher): Promise<BatchResult> {
  const outage = new AbortController();
  const lanes = await Promise.all(batch.lanes.map((lane) => publishLane(batch, lane, publisher, outage)));
  const acked = lanes.reduce((sum, lane) => sum + lane.acked, 0);
  return {
    lanes,
    acked,
    messages: lanes.reduce((sum, lane) => sum + lane.acked + lane.parked.length, 0),
    outage: acked === 0 && lanes.some(({ blame }) => blame === 'outage' || blame === 'unknown'),
  };
}

/** What is written about a batch that was published. */
export function settlementOf(batch: Batch, { lanes }: BatchResult): Settlement {
  return {
    lanes: lanes.map(({ lane }) => lane),
    parked: lanes.flatMap(({ parked }) => parked),
    repeated: lanes.flatMap(({ repeated }) => repeated),
    since: oldestOf([...batch.runs.values()].flat().map(({ createdAt }) => createdAt)),
  };
}

/**
 * The run up to the first number that is missing. Messages are committed in the order of their numbers, so a number
 * is missing only where the reading has left it out: its message has an earlier time than the one before it, because
 * the database's clock went back. Publishing on would pass it for ever.
 */
export function withoutGap(lane: ClaimedLane, run: readonly PendingMessage[]): readonly PendingMessage[] {
  const gap = run.findIndex(({ sequence }, index) => sequence !== lane.settledSequence + BigInt(index + 1));
  return gap === -1 ? run : run.slice(0, gap);
}

/** The least of some times in the form of `pendingSince`. */
export function oldestOf(times: readonly string[]): string {
  return times.reduce((oldest, time) => (time < oldest ? time : oldest), times[0] ?? '-infinity');
}

async function publishLane(
  batch: Batch,
  lane: ClaimedLane,
  publisher: Publisher,
  outage: AbortController,
): Promise<LaneResult> {
  const run = new LaneRun(lane, publisher);
  for (const message of batch.runs.get(lane.key) ?? []) {
    // Beyond its lease another relay may hold the lane: publishing on would reorder.
    const over = publisher.stop.aborted || outage.signal.aborted || performance.now() > batch.leaseEndsAt;
    if (over || !run.admits(message)) break;
    if (!(await publish(message, lane, run, publisher.bus))) break;
  }
  const result = run.result();
  if (result.blame === 'outage') outage.abort();
  return result;
}

async function publish(
  message: PendingMessage,
  lane: ClaimedLane,
  run: LaneRun,
  bus: MessageBus,
): Promise<boolean> {
  announce('outbox.relay.publishing', { message, lane });
  const payload = lane.ordered ? withSequence(message.envelope, message.sequence) : message.envelope;
  try {
    const ack = await bus.publish(message.type, payload, { messageId: message.id });
    run.acknowledge(message);
    announce('outbox.relay.acked', { message, lane, ack });
    return true;
  } catch (error) {
    run.fail(message, error);
    announce('outbox.relay.failed', { message, lane, error });
    return false;
  }
}
