import { MessageBus, NatsConnection } from '@app/nats';
import { testNatsOptions, type FakeMessageBus } from '@app/nats/testing';
import { assembleService, startService } from '@app/service';
import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';

/** What a service's environment needs besides a database: no broker listens there. */
export const NO_BROKER = { NATS_URL: 'nats://127.0.0.1:1', NATS_CLUSTER_ID: 'bank' };

const ANY_PORT = { HOST: '127.0.0.1', PORT: 0 };

/** A connection that is never made: the bus is a fake, and needs none. */
class IdleConnection extends NatsConnection {
  override connectInBackground(): void {}

  override connectWithRetry(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a service answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  json<T>(): T;
}

/** A whole service on a real database, with a fake bus in place of the broker. */
export class ServiceUnderTest {
  private constructor(
    readonly app: NestFastifyApplication,
    private readonly url: string,
  ) {}

  static async start(module: DynamicModule, bus: FakeMessageBus): Promise<ServiceUnderTest> {
    const moduleRef = await Test.createTestingModule({ imports: [module] })
      .overrideProvider(MessageBus)
      .useValue(bus)
      .overrideProvider(NatsConnection)
      .useValue(new IdleConnection(testNatsOptions()))
      .compile();
    return ServiceUnderTest.of(
      await assembleService((adapter, options) =>
        moduleRef.createNestApplication<NestFastifyApplication>(adapter, options),
      ),
    );
  }

  /** The same for an application that was made elsewhere and is not started. */
  static async of(app: NestFastifyApplication): Promise<ServiceUnderTest> {
    await startService(app, ANY_PORT);
    return new ServiceUnderTest(app, await app.getUrl());
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request(path, { method: 'GET', headers });
  }

  /** @param body an object is sent as JSON, a text as it is */
  post(path: string, body: object | string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  stop(): Promise<void> {
    return this.app.close();
  }

  /** Any request, as `fetch` takes it. */
  async request(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    const json = <T>() => JSON.parse(text) as T;
    return { status: response.status, headers: response.headers, text, json };
  }
}
