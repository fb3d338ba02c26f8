import { NatsHealthIndicator } from '@app/nats';
import { OutboxHealthIndicator } from '@app/outbox';
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
    private readonly outbox: OutboxHealthIndicator,
  ) {}

  @Get('live')
  live(): { status: 'up' } {
    return { status: 'up' };
  }

  /**
   * Ready as long as the database answers: with the outbox, transfers are taken while the broker is away. How
   * broker and outbox are is told all the same, and `degraded` fails no check.
   */
  @Get('ready')
  async ready(): Promise<{ status: 'up' } & HealthIndicatorResult<'nats'> & HealthIndicatorResult<'outbox'>> {
    try {
      await this.dataSource.query('select 1');
    } catch (cause) {
      throw new ProblemException(
        { type: problemType('not-ready'), title: 'The database does not answer', status: 503 },
        { cause },
      );
    }
    const [nats, outbox] = await Promise.all([this.nats.check('nats'), this.outbox.check('outbox')]);
    return { status: 'up', ...nats, ...outbox };
  }
}
