import { NatsTransport, ServiceProcess } from '@app/nats';
import { Logger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DynamicModule } from '@nestjs/common';
import { ProblemFilter, refuseUnroutable } from './problem.filter.js';
import type { ServiceEnvironment } from './service.environment.js';
import { validationPipe } from './validation.pipe.js';

/** The largest body that is read, in bytes: a transfer needs some 300. */
const BODY_BYTES_MAX = 16_384;

/** Makes the application as every service has it; nothing is started, connected or listening yet. */
export async function createService(module: Type | DynamicModule): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    module,
    new FastifyAdapter({ bodyLimit: BODY_BYTES_MAX, frameworkErrors: refuseUnroutable }),
    { abortOnError: false },
  );
  return app.useGlobalPipes(validationPipe()).useGlobalFilters(new ProblemFilter());
}

/**
 * Starts a service: hooks, then messages, then requests. The transport comes from the container, and with it
 * the one NATS connection that every module is given.
 */
export async function startService(
  app: NestFastifyApplication,
  { HOST, PORT }: Pick<ServiceEnvironment, 'HOST' | 'PORT'>,
): Promise<void> {
  app.connectMicroservice<{
    useFactory: (strategy: NatsTransport) => MicroserviceOptions;
    inject: unknown[];
  }>({ useFactory: (strategy) => ({ strategy }), inject: [NatsTransport] }, { inheritAppConfig: false });
  await app.init();
  await app.startAllMicroservices();
  await app.listen(PORT, HOST);
  new Logger('Service').log(`Listening on ${await app.getUrl()}`);
}

/** Runs a service as a process, from its first line to its exit code. */
export async function serve(module: Type | DynamicModule, environment: ServiceEnvironment): Promise<void> {
  const app = await createService(module);
  await new ServiceProcess(app, environment.SHUTDOWN_TIMEOUT_MS).run(() => startService(app, environment));
}
