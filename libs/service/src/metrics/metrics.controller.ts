import { metricFamilies, OutboxMetrics } from '@app/outbox';
import { Controller, Get, Header } from '@nestjs/common';
import { z } from 'zod';
import { Open } from '../access/access.decorators.js';
import { Operation } from '../docs/operation.js';
import { Unlimited } from '../limits/rate-limit.decorators.js';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus-text.js';

/** For Prometheus: numbers only, and none that names a key or a message. */
@Open()
@Unlimited()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly outbox: OutboxMetrics) {}

  @Get()
  @Header('content-type', PROMETHEUS_CONTENT_TYPE)
  @Operation({
    id: 'getMetrics',
    summary: 'What the service counts and measures',
    answers: {
      200: { description: 'As Prometheus asks for it.', schema: z.string(), contentType: 'text/plain' },
    },
  })
  async metrics(): Promise<string> {
    return prometheusText(metricFamilies, await this.outbox.snapshot());
  }
}
