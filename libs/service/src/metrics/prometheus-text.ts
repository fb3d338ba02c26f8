import type { MetricFamily, OutboxSnapshot } from '@app/outbox';
import { Registry, type Gauge } from 'prom-client';

/** Of the text exposition format 0.0.4. */
export const PROMETHEUS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** What the registry asks a metric for. A histogram's lines have names of their own. */
interface Line {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

/** Writes one snapshot as Prometheus reads it; a metric without a value has its description and nothing else. */
export async function prometheusText(
  families: readonly MetricFamily[],
  snapshot: OutboxSnapshot,
): Promise<string> {
  const registry = new Registry();
  for (const family of families) {
    const { name, help, type } = family;
    const get = () => ({ name, help, type, values: linesOf(family, snapshot) });
    // The registry asks for `name` and `get` alone; its own metrics count by themselves, and these are counted already.
    registry.registerMetric({ name, get } as unknown as Gauge);
  }
  return registry.metrics();
}

function linesOf(family: MetricFamily, snapshot: OutboxSnapshot): readonly Line[] {
  if (family.type !== 'histogram') return family.read(snapshot);
  const { buckets, sum, count } = family.read(snapshot);
  const { name } = family;
  return [
    ...buckets.map(({ upTo, count: value }) => ({
      metricName: `${name}_bucket`,
      labels: { le: upTo === Infinity ? '+Inf' : String(upTo) },
      value,
    })),
    { metricName: `${name}_sum`, labels: {}, value: sum },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
}
