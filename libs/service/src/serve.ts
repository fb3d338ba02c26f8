import { NatsTransport, ServiceProcess } from '@app/nats';
import { Logger, type DynamicModule, type NestApplicationOptions, type Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import type { MicroserviceOptions, NestMicroservice } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveDocuments } from './docs/serve-documents.js';
import { SECURITY_HEADERS } from './http/security-headers.js';
import { ServiceAdapter } from './http/service-adapter.js';
import { MessageLog } from './logs/message-log.js';
import { logRequests } from './logs/request-log.js';
import { writeStructuredLog } from './logs/structured-log.js';
import { carryTraces } from './logs/trace-carrier.js';
import { ProblemFilter } from './problem.filter.js';
import type { ServiceEnvironment } from './service.environment.js';
import { ServiceModule } from './service.module.js';
import { validationPipe } from './validation.pipe.js';

/** How the application is made, by whomever. The adapter reads bodies itself: JSON, and nothing else. */
const APPLICATION_OPTIONS = { abortOnError: false, bodyParser: false } satisfies NestApplicationOptions;

/** Makes an application of an adapter and options: `NestFactory`, or a testing module. */
export type MakeApplication = (
  adapter: ServiceAdapter,
  options: NestApplicationOptions,
) => NestFastifyApplication | Promise<NestFastifyApplication>;

/** Makes the application as every service has it; nothing is started, connected or listening yet. */
export function createService(module: Type | DynamicModule): Promise<NestFastifyApplication> {
  return assembleService((adapter, options) =>
    NestFactory.create<NestFastifyApplication>(module, adapter, options),
  );
}

/** The same for an application that is made in another way, as a test does that replaces some of its parts. */
export async function assembleService(make: MakeApplication): Promise<NestFastifyApplication> {
  carryTraces();
  const adapter = new ServiceAdapter();
  const app = await make(adapter, APPLICATION_OPTIONS);
  logRequests(adapter.getInstance(), () => adapter.isEnding);
  serveDocuments(app);
  return app
    .useSecurityHeaders(SECURITY_HEADERS)
    .useGlobalPipes(validationPipe())
    .useGlobalFilters(new ProblemFilter());
}

/**
 * Starts a service: hooks, then messages, then requests. The transport comes from the container, and with it
 * the one NATS connection that every module is given.
 */
export async function startService(
  app: NestFastifyApplication,
  { HOST, PORT }: Pick<ServiceEnvironment, 'HOST' | 'PORT'>,
): Promise<void> {
  const messages = app.connectMicroservice<{
    useFactory: (strategy: NatsTransport) => MicroserviceOptions;
    inject: unknown[];
  }>(
    { useFactory: (strategy) => ({ strategy }), inject: [NatsTransport] },
    // Deferred, since an interceptor is not taken afterwards.
    { inheritAppConfig: false, deferInitialization: true },
  ) as NestMicroservice;
  messages.useGlobalInterceptors(new MessageLog());
  // The modules' hooks are run by the application, and must not be run again.
  messages.setIsInitHookCalled(true);
  await app.init();
  await app.startAllMicroservices();
  await app.listen(PORT, HOST);
  new Logger('Service').log(`Listening on ${await app.getUrl()}`);
}

/**
 * Runs a service as a process, from its first line to its exit code.
 *
 * One whose root module does not import `ServiceModule` does not start: everybody could do everything.
 */
export async function serve(module: Type | DynamicModule, environment: ServiceEnvironment): Promise<void> {
  writeStructuredLog(environment);
  const app = await createService(module);
  await new ServiceProcess(app, environment.SHUTDOWN_TIMEOUT_MS).run(async () => {
    if (!isGuarded(app))
      throw new Error('Nobody guards this service: its root module must import ServiceModule');
    await startService(app, environment);
  });
}

function isGuarded(app: NestFastifyApplication): boolean {
  return [...app.get(ModulesContainer).values()].some(({ metatype }) => metatype === ServiceModule);
}
