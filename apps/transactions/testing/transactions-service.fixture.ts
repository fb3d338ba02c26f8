import { bankEvents, type RejectionReason } from '@app/contracts';
import { FakeMessageBus } from '@app/nats/testing';
import { emptyTables, type TestDatabase } from '@app/outbox/testing';
import type { Caller } from '@app/service';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { NO_BROKER, ServiceUnderTest, type Answer } from '../../../test/service-under-test.js';
import { AppModule } from '../src/app.module.js';
import { environmentSchema } from '../src/config.js';
import type { TransferView } from '../src/transfers/transfer.schema.js';
import { DEBIT, ORDER } from './transfers.fixture.js';

export const SETTLED_AT = '2026-01-02T03:04:05.678Z';

/** Who sends this header is that customer; who does not is anybody, and the bank. */
const SUBJECT = 'x-test-subject';

/** The headers of a customer's request. */
export const by = (subject: string) => ({ [SUBJECT]: subject });

class CallerOfHeader implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    if (context.getType() === 'http') {
      const request = context
        .switchToHttp()
        .getRequest<{ headers: Record<string, string | undefined>; caller?: Caller }>();
      const subject = request.headers[SUBJECT];
      if (subject !== undefined) {
        request.caller = { subject, scopes: new Set(['transfers:read', 'transfers:write'] as const) };
      }
    }
    return next.handle();
  }
}

/** One instance of the service, with a bus of its own. */
export class TransactionsInstance {
  private keys = 0;

  private constructor(
    readonly service: ServiceUnderTest,
    readonly bus: FakeMessageBus,
    readonly dataSource: DataSource,
  ) {}

  static async start(database: TestDatabase, settings: object = {}): Promise<TransactionsInstance> {
    const bus = new FakeMessageBus();
    const environment = environmentSchema.parse({ ...NO_BROKER, DATABASE_URL: database.url, ...settings });
    const module = {
      module: class TransactionsUnderTest {},
      imports: [AppModule.for(environment)],
      providers: [{ provide: APP_INTERCEPTOR, useClass: CallerOfHeader }],
    };
    const service = await ServiceUnderTest.start(module, bus);
    return new TransactionsInstance(service, bus, service.app.get(DataSource));
  }

  /** Under a key of its own, unless headers say otherwise. */
  post(path: string, body: object | string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.service.post(path, body, { 'idempotency-key': `"key-${++this.keys}"`, ...headers });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.service.get(path, headers);
  }

  /** Records a transfer. @returns its id */
  async order(order: object = ORDER): Promise<string> {
    return (await this.post('/v1/transfers', order)).json<TransferView>().id;
  }

  /** The outcome arrives at this instance. */
  async postedArrives(transferId: string): Promise<void> {
    const data = { transferId, debitAccountId: DEBIT, postedAt: SETTLED_AT };
    await this.bus.deliver('transfer.posted', JSON.stringify(bankEvents.create('transfer.posted', data)));
  }

  /** The outcome arrives at this instance. */
  async rejectedArrives(transferId: string, reason: RejectionReason = 'insufficient_funds'): Promise<void> {
    const data = { transferId, debitAccountId: DEBIT, reason, rejectedAt: SETTLED_AT };
    await this.bus.deliver('transfer.rejected', JSON.stringify(bankEvents.create('transfer.rejected', data)));
  }

  stop(): Promise<void> {
    return this.service.stop();
  }
}

/** Everything that requests store, gone. */
export async function forgetAll(dataSource: DataSource): Promise<void> {
  await emptyTables(dataSource, [
    ...['idempotency_record', 'transfer', 'inbox_message', 'inbox_dead_letter'],
    ...['outbox_key', 'outbox_lane', 'outbox_message'],
  ]);
}
