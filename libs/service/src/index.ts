export { CurrentCaller, Open, Scopes } from './access/access.decorators.js';
export { ANYBODY, isBank, SCOPES, type Caller, type Scope } from './access/caller.js';
export { bigintColumn } from './bigint-column.js';
export {
  Operation,
  type AnswerDocument,
  type HeaderDocument,
  type OperationDocument,
  type OperationExample,
} from './docs/operation.js';
export { apiDocuments, previewService, type DocumentedSystem } from './docs/api-documents.js';
export { handlersOf, type Handler } from './docs/handlers.js';
export { documentOf } from './docs/open-api.js';
export { HealthController, ServiceHealth } from './health.controller.js';
export { MetricsController } from './metrics/metrics.controller.js';
export { OutboxOpsModule } from './ops/outbox-ops.module.js';
export { postgresOptions } from './postgres.options.js';
export { ProblemException, problemType, type Problem } from './problem.js';
export { defineProblems, ProblemCatalog, type ProblemKind } from './problem.catalog.js';
export { ProblemFilter } from './problem.filter.js';
export { instantSchema } from './reconciliation/instant.schema.js';
export { readClosedUntil } from './reconciliation/read-closed-until.js';
export { reconciliationEnvironment } from './reconciliation/reconciliation.environment.js';
export { relayEnvironment, serveRelay, type RelayRole } from './relay-process.js';
export { assembleService, createService, serve, startService, type MakeApplication } from './serve.js';
export { serviceEnvironment, type ServiceEnvironment } from './service.environment.js';
export { ServiceModule } from './service.module.js';
export { serviceProblems } from './service.problems.js';
export { Unlimited } from './limits/rate-limit.decorators.js';
export { validationPipe } from './validation.pipe.js';
