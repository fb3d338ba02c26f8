import { RecordedLog } from '@app/nats/testing';
import { metricFamilies, OutboxMetrics, Tables } from '@app/outbox';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createService } from '../serve.js';
import { MetricsController } from './metrics.controller.js';

const tables = new Tables();
const metrics = new OutboxMetrics({
  tables,
  sampler: { sample: () => Promise.resolve(undefined) },
  retention: { health: () => ({ healthy: true }) },
});

@Module({
  controllers: [MetricsController],
  providers: [{ provide: OutboxMetrics, useValue: metrics }],
})
class ServiceModule {}

let app: NestFastifyApplication;

beforeAll(async () => {
  RecordedLog.start();
  app = await createService(ServiceModule);
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

describe('GET /metrics', () => {
  it('answers in the text format that Prometheus asks for', async () => {
    await tables.on({ query: <Rows>() => Promise.resolve([] as Rows) }).query('select 1');
    const answer = await fetch(`${await app.getUrl()}/metrics`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    const lines = (await answer.text()).split('\n');
    expect(lines).toContain('outbox_statements_total{kind="other"} 1');
    expect(lines.filter((line) => line.startsWith('# TYPE'))).toHaveLength(metricFamilies.length);
  });
});
