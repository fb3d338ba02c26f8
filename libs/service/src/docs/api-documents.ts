import type { DynamicModule, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ServiceAdapter } from '../http/service-adapter.js';
import { opsProblems } from '../ops/outbox-ops.problems.js';
import type { ProblemCatalog } from '../problem.catalog.js';
import { serviceProblems } from '../service.problems.js';
import { asyncApiOf, eventSchemaOf, type EventSystem } from './async-api.js';
import { errorsPage } from './errors-page.js';
import { handlersOf } from './handlers.js';
import { documentOf } from './open-api.js';

/** What the documents are made of. */
export interface DocumentedSystem extends EventSystem {
  /** Each service's root module, with any valid environment: nothing of it is used. */
  readonly services: Readonly<Record<string, DynamicModule>>;
  /** The name of the events' document. */
  readonly name: string;
}

/**
 * Every document that is generated, by its path below `docs/`; a JSON document as a value. Nothing is started: no
 * provider of the services is made, no connection opened.
 */
export async function apiDocuments(system: DocumentedSystem): Promise<ReadonlyMap<string, unknown>> {
  const documents = new Map<string, unknown>();
  const catalogs = new Set<ProblemCatalog>([serviceProblems, opsProblems]);
  for (const [service, module] of Object.entries(system.services)) {
    const app = await previewService(module);
    documents.set(`api/${service}.openapi.json`, await documentOf(app, service));
    const used = handlersOf(app).flatMap(({ document }) => document?.problems ?? []);
    for (const [catalog] of used) catalogs.add(catalog);
  }
  documents.set(`api/${system.name}.asyncapi.json`, asyncApiOf(system));
  for (const [type, definition] of Object.entries(system.registry.definitions)) {
    const path = `api/events/${type}-${definition.version}.json`;
    documents.set(path, eventSchemaOf(system.namespace, type, definition));
  }
  return documents.set('errors.md', errorsPage(catalogs));
}

/** A service of which nothing is made but its handlers' descriptions: enough for {@link documentOf} and `handlersOf`. */
export function previewService(module: DynamicModule): Promise<INestApplication> {
  return NestFactory.create(module, new ServiceAdapter(), {
    preview: true,
    abortOnError: false,
    logger: false,
  });
}
