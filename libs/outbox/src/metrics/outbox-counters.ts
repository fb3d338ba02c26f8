import type { Burial } from '@app/nats';
import type { OutboxStep } from '../diagnostics.js';
import type { Batch } from '../relay/batch.js';
import { blameFor } from '../relay/publish-failure.js';
import type { Recovery } from '../sql/recover-lanes.js';
import type { ParkedMessage } from '../sql/settle-lanes.js';
import { Histogram, type HistogramCounts } from './histogram.js';

/** Messages in a batch: up to 5,000 by default, which is `lanesMax` times `runMax`. */
const BATCH_MESSAGES_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/** What happened in this process since its counters were started. */
export interface OutboxCounts {
  /** By what the broker said; `outage`: nothing was sent. */
  readonly publishes: Readonly<Record<'acked' | 'refused' | 'unknown' | 'outage', number>>;
  /** Messages of each batch that was claimed. */
  readonly batchMessages: HistogramCounts;
  /** Messages given up, by policy. */
  readonly parked: Readonly<Record<ParkedMessage['policy'], number>>;
  /** Leases of relays that ended, taken over by this one. */
  readonly leasesRecovered: number;
  /** Batches that this relay could not settle, since its lease was over. */
  readonly settlementsFenced: number;
  /** Times that the relay paused because the broker did not answer. */
  readonly pauses: number;
  /** Messages and dead letters that somebody threw away. */
  readonly dropped: Readonly<Record<'parked' | 'dead', number>>;
  /** Partitions, by what the retention did. */
  readonly partitions: Readonly<Record<'made' | 'dropped' | 'postponed', number>>;
  /** Messages that came; `repeated` ones were handled before, and swallowed. */
  readonly received: Readonly<Record<'processed' | 'repeated', number>>;
  readonly outOfOrder: number;
  readonly gapsOpened: number;
  readonly gapsClosed: number;
  /** Messages that were put with the dead letters. */
  readonly buried: Readonly<Record<Burial['reason'], number>>;
  /** Published, and not answered yet: now. */
  readonly messagesInFlight: number;
  /** Batches that this relay holds: now. */
  readonly batchesHeld: number;
  /** Whether the relay pauses because the broker does not answer: now. */
  readonly paused: boolean;
}

/** A step that is counted: those of this library, and one of the transport's. */
export type CountedStep = OutboxStep | 'nats.message.buried';

/** The counts behind {@link OutboxMetrics}: each step adds to one of them, and nothing is read or written elsewhere. */
export class OutboxCounters {
  private readonly publishes = { acked: 0, refused: 0, unknown: 0, outage: 0 };
  private readonly batchMessages = new Histogram(BATCH_MESSAGES_BOUNDS);
  private readonly parked = { block: 0, park: 0, skip: 0 };
  private readonly dropped = { parked: 0, dead: 0 };
  private readonly partitions = { made: 0, dropped: 0, postponed: 0 };
  private readonly received = { processed: 0, repeated: 0 };
  private readonly buried = { malformed: 0, failed: 0, expired: 0 };
  private leasesRecovered = 0;
  private settlementsFenced = 0;
  private pauses = 0;
  private paused = false;
  private outOfOrder = 0;
  private gapsOpened = 0;
  private gapsClosed = 0;
  private messagesInFlight = 0;
  /** The end of each batch's lease, by its token. */
  private readonly held = new Map<string, number>();

  /** What each step adds. */
  readonly handlers = {
    'outbox.relay.claimed': (batch: Batch) => {
      this.batchMessages.observe([...batch.runs.values()].reduce((sum, run) => sum + run.length, 0));
      this.forgetOverdue();
      this.held.set(batch.leaseToken, batch.leaseEndsAt);
    },
    'outbox.relay.publishing': () => this.messagesInFlight++,
    'outbox.relay.acked': () => {
      this.messagesInFlight--;
      this.publishes.acked++;
    },
    'outbox.relay.failed': ({ error }: { readonly error: unknown }) => {
      this.messagesInFlight--;
      const blame = blameFor(error);
      this.publishes[blame === 'message' ? 'refused' : blame]++;
    },
    'outbox.relay.settled': ({ batch }: { readonly batch: Batch }) => this.held.delete(batch.leaseToken),
    'outbox.relay.fenced': ({ batch }: { readonly batch: Batch }) => {
      this.held.delete(batch.leaseToken);
      this.settlementsFenced++;
    },
    'outbox.relay.parked': ({ parked }: { readonly parked: ParkedMessage }) => this.parked[parked.policy]++,
    'outbox.relay.recovered': ({ expiredLeases }: Recovery) => (this.leasesRecovered += expiredLeases),
    'outbox.relay.paused': () => {
      this.paused = true;
      this.pauses++;
    },
    'outbox.relay.resumed': () => (this.paused = false),
    'inbox.committed': () => this.received.processed++,
    'inbox.repeated': () => this.received.repeated++,
    'inbox.out-of-order': () => this.outOfOrder++,
    'inbox.gap-opened': () => this.gapsOpened++,
    'inbox.gap-closed': () => this.gapsClosed++,
    'retention.made': (round: { readonly partitions: readonly string[] }) =>
      (this.partitions.made += round.partitions.length),
    'retention.dropped': (round: { readonly partitions: readonly string[] }) =>
      (this.partitions.dropped += round.partitions.length),
    'retention.postponed': (round: { readonly partitions: readonly string[] }) =>
      (this.partitions.postponed += round.partitions.length),
    'outbox.ops.dropped': ({ message }: { readonly message: { readonly state: 'parked' | 'dead' } }) =>
      this.dropped[message.state]++,
    'nats.message.buried': ({ reason }: Pick<Burial, 'reason'>) => this.buried[reason]++,
  } satisfies Partial<Record<CountedStep, (detail: never) => unknown>>;

  /** The counts of now; what is counted later does not change them. */
  read(): OutboxCounts {
    this.forgetOverdue();
    return {
      publishes: { ...this.publishes },
      batchMessages: this.batchMessages.read(),
      parked: { ...this.parked },
      leasesRecovered: this.leasesRecovered,
      settlementsFenced: this.settlementsFenced,
      pauses: this.pauses,
      dropped: { ...this.dropped },
      partitions: { ...this.partitions },
      received: { ...this.received },
      outOfOrder: this.outOfOrder,
      gapsOpened: this.gapsOpened,
      gapsClosed: this.gapsClosed,
      buried: { ...this.buried },
      messagesInFlight: this.messagesInFlight,
      batchesHeld: this.held.size,
      paused: this.paused,
    };
  }

  /** A batch whose settlement failed until its lease was over is announced no more. */
  private forgetOverdue(): void {
    for (const [token, endsAt] of this.held) if (endsAt < performance.now()) this.held.delete(token);
  }
}
