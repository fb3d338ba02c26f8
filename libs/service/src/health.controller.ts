import { NatsConnection } from '@app/nats';
import { Controller, Get } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ProblemException, problemType } from './problem.js';

/** For orchestrators: is the process alive, and should it be sent requests? */
@Controller('health')
export class HealthController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly connection: NatsConnection,
  ) {}

  @Get('live')
  live(): { status: 'up' } {
    return { status: 'up' };
  }

  /** Ready as long as the database answers: with the outbox, transfers are taken while the broker is away. */
  @Get('ready')
  async ready(): Promise<{ status: 'up'; nats: string }> {
    try {
      await this.dataSource.query('select 1');
    } catch (cause) {
      throw new ProblemException(
        { type: problemType('not-ready'), title: 'The database does not answer', status: 503 },
        { cause },
      );
    }
    return { status: 'up', nats: this.connection.state };
  }
}
