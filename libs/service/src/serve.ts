import { NatsTransport, ServiceProcess } from '@app/nats';
import { Logger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DynamicModule } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { ProblemFilter, refuseUnroutable } from './problem.filter.js';
import type { ServiceEnvironment } from './service.environment.js';
import { validationPipe } from './validation.pipe.js';

/** The largest body that is read, in bytes: a transfer needs some 300. */
const BODY_BYTES_MAX = 16_384;

/** Makes the application as every service has it; nothing is started, connected or listening yet. */
export async function createService(module: Type | DynamicModule): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ bodyLimit: BODY_BYTES_MAX, frameworkErrors: refuseUnroutable });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    abortOnError: false,
    // From the first moment of a shutdown, not only when the listener closes: before that the outbox's relay ends.
    return503OnClosing: true,
  });
  endConnectionsAtClose(adapter.getInstance());
  return app.useGlobalPipes(validationPipe()).useGlobalFilters(new ProblemFilter());
}

/**
 * A connection that stays open after its answer holds the shutdown up until its client lets it go, up to 72 s with
 * Fastify's default: the server ends by itself only the connections that are idle at the moment when it closes.
 */
function endConnectionsAtClose(instance: FastifyInstance): void {
  let closing = false;
  instance.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  instance.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
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
