import { StandardSchemaValidationPipe } from '@nestjs/common';
import { serviceProblems } from './service.problems.js';

/** Checks bodies, parameters and queries against their schemas; a problem document names every wrong field. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) =>
      serviceProblems.of('invalid-request', {
        errors: issues.map((issue) => ({
          field: (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part)).join('.'),
          message: issue.message,
        })),
      }),
  });
}
