import { metricFamilies, OutboxMetrics } from '@app/outbox';
import { Controller, Get, Header } from '@nestjs/common';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus-text.js';

/** For Prometheus: numbers only, and none that names a key or a message. */
@Controller('metrics')
export class MetricsController {
  constructor(private readonly outbox: OutboxMetrics) {}

  @Get()
  @Header('content-type', PROMETHEUS_CONTENT_TYPE)
  async metrics(): Promise<string> {
    return prometheusText(metricFamilies, await this.outbox.snapshot());
  }
}
