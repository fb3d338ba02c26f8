import { describe, expect, it } from '@jest/globals';
import { Tables } from '../schema/tables.js';
import { metricFamilies } from './metric-families.js';
import { OutboxMetrics, type OutboxSnapshot } from './outbox-metrics.js';
import type { OutboxSample } from './outbox-sample.js';

const SAMPLE: OutboxSample = {
  pendingMessages: 11,
  capped: true,
  oldestPendingAgeMs: 1_500,
  keys: { ready: 1, due: 2, leased: 3, blocked: 4 },
  parkedMessages: { block: 5, park: 6, skip: 7 },
  leases: 8,
  deadLetters: 9,
  openGaps: 10,
};

function snapshotWith(sample: OutboxSample | undefined): Promise<OutboxSnapshot> {
  return new OutboxMetrics({
    tables: new Tables(),
    sampler: { sample: () => Promise.resolve(sample) },
    retention: {
      health: () => ({ healthy: true, daysAhead: { outbox_message: 7, inbox_message: -1 } }),
    },
  }).snapshot();
}

/** Counters and gauges as `name{label} value`. */
function lines(snapshot: OutboxSnapshot, type: 'counter' | 'gauge'): string[] {
  return metricFamilies.flatMap((family) =>
    family.type !== type
      ? []
      : family
          .read(snapshot)
          .map(({ labels, value }) => `${family.name}{${Object.values(labels).join()}} ${value}`),
  );
}

describe('the metrics', () => {
  it('of what the database says are named with their base unit', async () => {
    expect(lines(await snapshotWith(SAMPLE), 'gauge')).toEqual([
      'outbox_in_flight_messages{} 0',
      'outbox_held_batches{} 0',
      'outbox_paused{} 0',
      'outbox_partition_ahead_days{outbox_message} 7',
      'outbox_partition_ahead_days{inbox_message} -1',
      'outbox_pending_messages{} 11',
      'outbox_pending_capped{} 1',
      'outbox_oldest_pending_age_seconds{} 1.5',
      'outbox_waiting_keys{ready} 1',
      'outbox_waiting_keys{due} 2',
      'outbox_waiting_keys{leased} 3',
      'outbox_waiting_keys{blocked} 4',
      'outbox_parked_messages{block} 5',
      'outbox_parked_messages{park} 6',
      'outbox_parked_messages{skip} 7',
      'outbox_leases{} 8',
      'inbox_dead_letters{} 9',
      'inbox_open_gap_keys{} 10',
    ]);
  });

  it('of what the database says are absent while it says nothing, and the others are not', async () => {
    const known = lines(await snapshotWith(undefined), 'gauge');
    expect(known.filter((line) => /pending|waiting|parked|leases|inbox_(dead|open)/.test(line))).toEqual([]);
    expect(known).toHaveLength(5);
  });

  it('that count are there from the start, with every label, at 0', async () => {
    const counters = lines(await snapshotWith(SAMPLE), 'counter');
    expect(counters).toContain('outbox_publishes_total{unknown} 0');
    expect(counters.every((line) => line.endsWith(' 0'))).toBe(true);
    expect(counters).toHaveLength(29);
  });

  it.each(metricFamilies)('$name has a name as Prometheus wants it', ({ name, type }) => {
    expect(name).toMatch(/^(outbox|inbox)(_[a-z]+)+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
  });
});
