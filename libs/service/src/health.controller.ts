import { NatsHealthIndicator } from '@app/nats';
import { Controller, Get } from '@nestjs/common';
import type { HealthIndicatorResult } from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { ProblemException, problemType } from './problem.js';

/** For orchestrators: is the process alive, and should it be sent requests? */
@Controller('health')
export class HealthController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly nats: NatsHealthIndicator,
  ) {}

  @Get('live')
  live(): { status: 'up' } {
    return { status: 'up' };
  }

  /**
   * Ready as long as the database answers: with the outbox, transfers are taken while the broker is away. Its
   * state is told all the same: `degraded`, since when, and how many subscriptions are served.
   */
  @Get('ready')
  async ready(): Promise<{ status: 'up' } & HealthIndicatorResult<'nats'>> {
    try {
      await this.dataSource.query('select 1');
    } catch (cause) {
      throw new ProblemException(
        { type: problemType('not-ready'), title: 'The database does not answer', status: 503 },
        { cause },
      );
    }
    return { status: 'up', ...(await this.nats.check('nats')) };
  }
}
