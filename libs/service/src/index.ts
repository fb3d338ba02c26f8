export { bigintColumn } from './bigint-column.js';
export { HealthController } from './health.controller.js';
export { postgresOptions } from './postgres.options.js';
export { ProblemException, problemType, type Problem } from './problem.js';
export { ProblemFilter } from './problem.filter.js';
export { createService, serve, startService } from './serve.js';
export { serviceEnvironment, type ServiceEnvironment } from './service.environment.js';
export { validationPipe } from './validation.pipe.js';
