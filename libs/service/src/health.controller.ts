import { NatsHealthIndicator } from '@app/nats';
import { OutboxHealthIndicator } from '@app/outbox';
import { Controller, Get, Optional } from '@nestjs/common';
import type { HealthIndicatorResult } from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { Open } from './access/access.decorators.js';
import { Operation } from './docs/operation.js';
import { Unlimited } from './limits/rate-limit.decorators.js';
import { serviceProblems } from './service.problems.js';

/**
 * What a service itself has to say of its health. A service provides it and exports it to its root module, or does
 * not; a part that is not `up` makes the service `degraded`.
 */
export abstract class ServiceHealth {
  /** Each part of the service under its name. */
  abstract check(): Promise<HealthIndicatorResult>;
}

const partSchema = z.looseObject({ status: z.enum(['up', 'degraded', 'down']) });
const liveSchema = z.object({ status: z.literal('up') });
const readySchema = z.object({ status: z.literal('up'), nats: partSchema, outbox: partSchema });
const healthSchema = z
  .object({ status: z.enum(['up', 'degraded']), nats: partSchema, outbox: partSchema })
  .catchall(partSchema);

/** For orchestrators: is the process alive, and should it be sent requests? And for people: is all of it well? */
@Open()
@Unlimited()
@Controller('health')
export class HealthController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly nats: NatsHealthIndicator,
    private readonly outbox: OutboxHealthIndicator,
    @Optional() private readonly service?: ServiceHealth,
  ) {}

  /** Answers 200 as long as the database answers: who is degraded still does its work. */
  @Get()
  @Operation({
    id: 'getHealth',
    summary: 'How every part of the service is',
    answers: { 200: { description: 'The parts, and `degraded` if one of them is.', schema: healthSchema } },
    problems: [[serviceProblems, 'not-ready']],
  })
  async health(): Promise<{ status: 'up' | 'degraded' } & HealthIndicatorResult> {
    const [{ status: _, ...parts }, own] = await Promise.all([this.ready(), this.service?.check() ?? {}]);
    const all: HealthIndicatorResult = { ...parts, ...own };
    const well = Object.values(all).every(({ status }) => status === 'up');
    return { ...all, status: well ? 'up' : 'degraded' } as {
      status: 'up' | 'degraded';
    } & HealthIndicatorResult;
  }

  @Get('live')
  @Operation({
    id: 'getLiveness',
    summary: 'Whether the process is alive',
    answers: { 200: { description: 'It answers.', schema: liveSchema } },
  })
  live(): { status: 'up' } {
    return { status: 'up' };
  }

  /**
   * Ready as long as the database answers: with the outbox, transfers are taken while the broker is away. How
   * broker and outbox are is told all the same, and `degraded` fails no check.
   */
  @Get('ready')
  @Operation({
    id: 'getReadiness',
    summary: 'Whether the service should be sent requests',
    answers: { 200: { description: 'Its database answers.', schema: readySchema } },
    problems: [[serviceProblems, 'not-ready']],
  })
  async ready(): Promise<{ status: 'up' } & HealthIndicatorResult<'nats'> & HealthIndicatorResult<'outbox'>> {
    try {
      await this.dataSource.query('select 1');
    } catch (cause) {
      throw serviceProblems.of('not-ready', {}, { cause });
    }
    const [nats, outbox] = await Promise.all([this.nats.check('nats'), this.outbox.check('outbox')]);
    return { status: 'up', ...nats, ...outbox };
  }
}
