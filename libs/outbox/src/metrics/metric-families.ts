import type { HistogramCounts } from './histogram.js';
import type { OutboxSnapshot } from './outbox-metrics.js';

/** One number of a family, told apart by its labels. */
export interface MetricValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Named {
  /** As Prometheus names metrics: the unit is in it, in base units. */
  readonly name: string;
  readonly help: string;
}

/** A metric under its name, for whatever collects them. */
export type MetricFamily =
  | (Named & {
      readonly type: 'counter' | 'gauge';
      /** Empty where it is not known now. */
      readonly read: (snapshot: OutboxSnapshot) => readonly MetricValue[];
    })
  | (Named & {
      readonly type: 'histogram';
      readonly read: (snapshot: OutboxSnapshot) => HistogramCounts;
    });

/** The numbers of the database: none while it does not answer. */
function sampled(
  values: (sample: NonNullable<OutboxSnapshot['sample']>) => readonly MetricValue[],
): (snapshot: OutboxSnapshot) => readonly MetricValue[] {
  return ({ sample }) => (sample ? values(sample) : []);
}

const one = (value: number | boolean): MetricValue[] => [{ labels: {}, value: Number(value) }];

function by(label: string, values: Readonly<Record<string, number>>): MetricValue[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** Every metric of outbox and inbox; the table in the README is made of the same. */
export const metricFamilies: readonly MetricFamily[] = [
  {
    name: 'outbox_publishes_total',
    type: 'counter',
    help: 'Publishes, by outcome: acked, refused, unknown (it may be stored), outage (nothing was sent)',
    read: ({ counts }) => by('outcome', counts.publishes),
  },
  {
    name: 'outbox_batch_messages',
    type: 'histogram',
    help: 'Messages in each batch that was claimed; its count is the number of batches',
    read: ({ counts }) => counts.batchMessages,
  },
  {
    name: 'outbox_statements_total',
    type: 'counter',
    help: 'SQL statements of the library, by kind; claim, read, settle and recover are the relay’s',
    read: ({ statements }) => by('kind', statements),
  },
  {
    name: 'outbox_parked_total',
    type: 'counter',
    help: 'Messages that were given up, by policy: block, park, skip',
    read: ({ counts }) => by('policy', counts.parked),
  },
  {
    name: 'outbox_leases_recovered_total',
    type: 'counter',
    help: 'Batches that were taken over from relays that ended',
    read: ({ counts }) => one(counts.leasesRecovered),
  },
  {
    name: 'outbox_settlements_fenced_total',
    type: 'counter',
    help: 'Batches that could not be settled, since their lease was over',
    read: ({ counts }) => one(counts.settlementsFenced),
  },
  {
    name: 'outbox_pauses_total',
    type: 'counter',
    help: 'Times that the relay paused because the broker did not answer',
    read: ({ counts }) => one(counts.pauses),
  },
  {
    name: 'outbox_dropped_total',
    type: 'counter',
    help: 'What somebody threw away: parked messages, dead letters',
    read: ({ counts }) => by('state', counts.dropped),
  },
  {
    name: 'outbox_partitions_total',
    type: 'counter',
    help: 'Partitions, by what the retention did: made, dropped, postponed (in use, tried again soon)',
    read: ({ counts }) => by('step', counts.partitions),
  },
  {
    name: 'inbox_messages_total',
    type: 'counter',
    help: 'Messages that came: processed, or repeated (handled before, and swallowed)',
    read: ({ counts }) => by('outcome', counts.received),
  },
  {
    name: 'inbox_out_of_order_total',
    type: 'counter',
    help: 'Messages with a lower number than the last of their key',
    read: ({ counts }) => one(counts.outOfOrder),
  },
  {
    name: 'inbox_gaps_total',
    type: 'counter',
    help: 'Gaps in the numbers of a key: opened, closed',
    read: ({ counts }) => by('step', { opened: counts.gapsOpened, closed: counts.gapsClosed }),
  },
  {
    name: 'inbox_buried_total',
    type: 'counter',
    help: 'Messages that went to the dead letters, by reason: malformed, failed, expired',
    read: ({ counts }) => by('reason', counts.buried),
  },
  {
    name: 'outbox_in_flight_messages',
    type: 'gauge',
    help: 'Messages that this process has published and the broker has not answered',
    read: ({ counts }) => one(counts.messagesInFlight),
  },
  {
    name: 'outbox_held_batches',
    type: 'gauge',
    help: 'Batches that the relay of this process holds',
    read: ({ counts }) => one(counts.batchesHeld),
  },
  {
    name: 'outbox_paused',
    type: 'gauge',
    help: '1 while the relay of this process pauses because the broker does not answer',
    read: ({ counts }) => one(counts.paused),
  },
  {
    name: 'outbox_partition_ahead_days',
    type: 'gauge',
    help: 'Days after today that have a partition, by table; -1: today has none',
    read: ({ partitionDaysAhead }) => by('table', partitionDaysAhead ?? {}),
  },
  {
    name: 'outbox_pending_messages',
    type: 'gauge',
    help: 'Messages that wait in the database, blocked and deferred ones included',
    read: sampled(({ pendingMessages }) => one(pendingMessages)),
  },
  {
    name: 'outbox_pending_capped',
    type: 'gauge',
    help: '1 when more than 100,000 keys wait, of which no more are counted',
    read: sampled(({ capped }) => one(capped)),
  },
  {
    name: 'outbox_oldest_pending_age_seconds',
    type: 'gauge',
    help: 'Nothing that could leave now is older; 0 when nothing could',
    read: sampled(({ oldestPendingAgeMs }) => one(oldestPendingAgeMs / 1_000)),
  },
  {
    name: 'outbox_waiting_keys',
    type: 'gauge',
    help: 'Keys with something waiting, by state: ready, due (later), leased (by a relay), blocked',
    read: sampled(({ keys }) => by('state', keys)),
  },
  {
    name: 'outbox_parked_messages',
    type: 'gauge',
    help: 'Messages in the database that were given up, by policy',
    read: sampled(({ parkedMessages }) => by('policy', parkedMessages)),
  },
  {
    name: 'outbox_leases',
    type: 'gauge',
    help: 'Batches that relays hold, those of all processes',
    read: sampled(({ leases }) => one(leases)),
  },
  {
    name: 'inbox_dead_letters',
    type: 'gauge',
    help: 'Dead letters in the database',
    read: sampled(({ deadLetters }) => one(deadLetters)),
  },
  {
    name: 'inbox_open_gap_keys',
    type: 'gauge',
    help: 'Keys with a number missing for longer than the health’s openGapAgeMs',
    read: sampled(({ openGaps }) => one(openGaps)),
  },
];
