import type { MetricFamily, OutboxSnapshot } from '@app/outbox';
import { describe, expect, it } from '@jest/globals';
import { prometheusText } from './prometheus-text.js';

const nothing = {} as OutboxSnapshot;

describe('the text for Prometheus', () => {
  it('has a description, a type and a line for each value', async () => {
    const family: MetricFamily = {
      name: 'coins_total',
      type: 'counter',
      help: 'Coins, by side',
      read: () => [
        { labels: { side: 'heads' }, value: 2 },
        { labels: { side: 'ta"ils\n' }, value: 0 },
      ],
    };
    expect(await prometheusText([family], nothing)).toBe(
      [
        '# HELP coins_total Coins, by side',
        '# TYPE coins_total counter',
        'coins_total{side="heads"} 2',
        'coins_total{side="ta\\"ils\\n"} 0',
        '',
      ].join('\n'),
    );
  });

  it('has a bucket for each bound of a histogram, its sum and its count', async () => {
    const buckets = [
      { upTo: 1, count: 1 },
      { upTo: Infinity, count: 3 },
    ];
    const read = () => ({ buckets, sum: 9.5, count: 3 });
    const family: MetricFamily = { name: 'throw_meters', type: 'histogram', help: 'Throws', read };
    expect(await prometheusText([family], nothing)).toBe(
      [
        '# HELP throw_meters Throws',
        '# TYPE throw_meters histogram',
        'throw_meters_bucket{le="1"} 1',
        'throw_meters_bucket{le="+Inf"} 3',
        'throw_meters_sum 9.5',
        'throw_meters_count 3',
        '',
      ].join('\n'),
    );
  });

  it('describes a metric that has no value now, and says none', async () => {
    const family: MetricFamily = { name: 'coins', type: 'gauge', help: 'Coins', read: () => [] };
    expect(await prometheusText([family], nothing)).toBe('# HELP coins Coins\n# TYPE coins gauge\n');
  });

  it('is of the snapshot that it was given, one beside the other', async () => {
    const read = (snapshot: OutboxSnapshot) => [{ labels: {}, value: snapshot.statements.other }];
    const family: MetricFamily = { name: 'coins', type: 'gauge', help: 'Coins', read };
    const snapshotOf = (other: number) => ({ statements: { other } }) as OutboxSnapshot;
    const texts = await Promise.all([1, 2].map((other) => prometheusText([family], snapshotOf(other))));
    expect(texts.map((text) => text.trim().split(' ').at(-1))).toEqual(['1', '2']);
  });
});
